import type { SlackMessageText } from './notice-blocks.ts'

/** What a button asks for. Slack sends it back with the press, signed. */
export type ButtonAction =
  | { kind: 'why'; repository: string; number: number }
  | { kind: 'freeze'; repository: string }

const ids = { why: 'release_gate_why', freeze: 'release_gate_freeze' } as const

/** The message with buttons below it. At most five, since a message is there to be read. */
export function withButtons(message: SlackMessageText, actions: ButtonAction[]): SlackMessageText {
  if (actions.length === 0) return message
  const elements = actions.slice(0, 5).map((action, index) => ({
    type: 'button',
    action_id: `${ids[action.kind]}_${index}`,
    value: action.kind === 'why' ? `${action.repository}#${action.number}` : action.repository,
    ...looks(action, actions.length > 1),
  }))
  return { ...message, blocks: [...message.blocks, { type: 'actions', elements }] }
}

/** The action of a press; undefined: it is none of ours. */
export function readButton(id: string, value: string): ButtonAction | undefined {
  const [, repository = '', number] = /^([\w.-]+\/[\w.-]+)(?:#([1-9]\d{0,9}))?$/.exec(value) ?? []
  if (repository === '') return undefined
  if (id.startsWith(ids.why) && number !== undefined)
    return { kind: 'why', repository, number: Number(number) }
  return id.startsWith(ids.freeze) && number === undefined ? { kind: 'freeze', repository } : undefined
}

function looks(action: ButtonAction, several: boolean): object {
  if (action.kind === 'why') return { text: plain('Why?') }
  const name = action.repository.slice(0, 60)
  return {
    text: plain(several ? `Freeze ${name}` : 'Freeze'),
    style: 'danger',
    confirm: {
      title: plain('Freeze releases?'),
      text: plain(`Nothing can be merged in ${name} until the freeze is lifted.`),
      confirm: plain('Freeze'),
      deny: plain('Cancel'),
      style: 'danger',
    },
  }
}

function plain(text: string): object {
  return { type: 'plain_text', text }
}
