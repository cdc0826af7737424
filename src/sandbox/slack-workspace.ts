/** A message as the workspace shows it. `ts` is its id within the channel: seconds, a point and six digits. */
export type SlackMessage = {
  channel: string
  channelName: string
  ts: string
  text: string
  blocks: unknown[]
  threadTs?: string
  permalink: string
  /** How often it was updated. */
  edits: number
}

export type SlackChannel = { id: string; name: string; isMember: boolean }

export type SlackWorkspace = {
  messages: SlackMessage[]
  channels: SlackChannel[]
  /** By id (`C…`) or by name, with or without `#`. */
  channel(idOrName: string): SlackChannel | undefined
  message(channelId: string, ts: string): SlackMessage | undefined
  byPermalink(path: string): SlackMessage | undefined
  /** Seconds until the channel takes another message; 0 when it does so now. */
  secondsUntilRoom(channelId: string): number
  post(channel: SlackChannel, content: { text: string; blocks: unknown[]; threadTs?: string }): SlackMessage
  origin(): string
  setOrigin(origin: string): void
}

/** The state behind the local Slack: channels, messages and the pace of each channel. */
export function createSlackWorkspace(options: {
  clock: () => number
  channels: { name: string; isMember?: boolean }[]
  channelLimit: boolean
}): SlackWorkspace {
  const { clock, channelLimit } = options
  const channels = options.channels.map(({ name, isMember = true }, index) => ({
    id: `C${String(index + 1).padStart(10, '0')}`,
    name,
    isMember,
  }))
  const messages: SlackMessage[] = []
  const lastPost = new Map<string, number>()
  let origin = ''

  return {
    messages,
    channels,
    channel: (wanted) => channels.find(({ id, name }) => id === wanted || name === wanted.replace(/^#/, '')),
    message: (channelId, ts) =>
      messages.find((message) => message.channel === channelId && message.ts === ts),
    byPermalink: (path) => messages.find(({ permalink }) => permalink === origin + path),
    secondsUntilRoom(channelId) {
      const last = lastPost.get(channelId)
      if (!channelLimit || last === undefined) return 0
      return Math.max(0, Math.ceil((last + 1000 - clock()) / 1000))
    },
    post(channel, { text, blocks, threadTs }) {
      const now = clock()
      lastPost.set(channel.id, now)
      const ts = `${Math.floor(now / 1000)}.${String(messages.length + 1).padStart(6, '0')}`
      const permalink = `${origin}/archives/${channel.id}/p${ts.replace('.', '')}`
      const place = { channel: channel.id, channelName: channel.name, ts, permalink }
      const message = { ...place, text, blocks, edits: 0, ...(threadTs !== undefined && { threadTs }) }
      messages.push(message)
      return message
    },
    origin: () => origin,
    setOrigin(address) {
      origin = address
    },
  }
}
