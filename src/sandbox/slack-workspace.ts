/** A message as the workspace shows it. `ts` is its id within the channel: seconds, a point and six digits. */
export type SlackMessage = {
  channel: string
  channelName: string
  ts: string
  text: string
  blocks: unknown[]
  threadTs?: string
  /** A reply that the channel shows too. */
  broadcast?: boolean
  metadata?: SlackMetadata
  permalink: string
  /** How often it was updated. */
  edits: number
}

export type SlackMetadata = { event_type: string; event_payload: Record<string, unknown> }

export type SlackChannel = { id: string; name: string; isMember: boolean; isArchived: boolean }

type Content = {
  text: string
  blocks: unknown[]
  threadTs?: string
  broadcast?: boolean
  metadata?: SlackMetadata
}

export type SlackWorkspace = {
  messages: SlackMessage[]
  /** Replies to a message that is not there: Slack accepts them and shows them nowhere. */
  lost: SlackMessage[]
  channels: SlackChannel[]
  /** Member IDs by email address. */
  people: Record<string, string>
  scopes: string[]
  /** By id (`C…`) or by name, with or without `#`. */
  channel(idOrName: string): SlackChannel | undefined
  message(channelId: string, ts: string): SlackMessage | undefined
  byPermalink(path: string): SlackMessage | undefined
  /** Seconds until the channel takes another message; 0 when it does so now. */
  secondsUntilRoom(channelId: string): number
  /** Seconds until another message may be updated. */
  secondsUntilUpdate(): number
  post(channel: SlackChannel, content: Content): SlackMessage
  origin(): string
  setOrigin(origin: string): void
}

/** Updates in a minute: the least that Slack promises for its tier 3. */
const MOST_UPDATES = 50

/** The state behind the local Slack: channels, messages and the pace of each channel. */
export function createSlackWorkspace(options: {
  clock: () => number
  channels: { name: string; isMember?: boolean; isArchived?: boolean }[]
  channelLimit: boolean
  people: Record<string, string>
  scopes: string[]
}): SlackWorkspace {
  const { clock, channelLimit, people, scopes } = options
  const channels = options.channels.map(({ name, isMember = true, isArchived = false }, index) => ({
    id: `C${String(index + 1).padStart(10, '0')}`,
    name,
    isMember,
    isArchived,
  }))
  const messages: SlackMessage[] = []
  const lost: SlackMessage[] = []
  const updates: number[] = []
  let count = 0
  const lastPost = new Map<string, number>()
  let origin = ''

  return {
    messages,
    lost,
    channels,
    people,
    scopes,
    channel: (wanted) => channels.find(({ id, name }) => id === wanted || name === wanted.replace(/^#/, '')),
    message: (channelId, ts) =>
      messages.find((message) => message.channel === channelId && message.ts === ts),
    byPermalink: (path) => messages.find(({ permalink }) => permalink === origin + path),
    secondsUntilRoom(channelId) {
      const last = lastPost.get(channelId)
      if (!channelLimit || last === undefined) return 0
      return Math.max(0, Math.ceil((last + 1000 - clock()) / 1000))
    },
    secondsUntilUpdate() {
      const now = clock()
      const recent = updates.filter((at) => at > now - 60_000)
      const [first] = recent.slice(-MOST_UPDATES)
      if (channelLimit && recent.length >= MOST_UPDATES && first !== undefined)
        return Math.ceil((first + 60_000 - now) / 1000)
      updates.push(now)
      return 0
    },
    post(channel, { threadTs, ...content }) {
      const now = clock()
      lastPost.set(channel.id, now)
      count += 1
      const ts = `${Math.floor(now / 1000)}.${String(count).padStart(6, '0')}`
      const permalink = `${origin}/archives/${channel.id}/p${ts.replace('.', '')}`
      const place = { channel: channel.id, channelName: channel.name, ts, permalink }
      const message = { ...place, ...content, edits: 0, ...(threadTs !== undefined && { threadTs }) }
      const isThere = ({ channel: id, ts: of, threadTs: reply }: SlackMessage) =>
        id === channel.id && of === threadTs && reply === undefined
      if (threadTs === undefined || messages.some(isThere)) messages.push(message)
      else lost.push(message)
      return message
    },
    origin: () => origin,
    setOrigin(address) {
      origin = address
    },
  }
}
