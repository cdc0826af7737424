import { mayHoldCommand } from '../decision/comment-task.ts'
import { beginningOf } from '../decision/markdown.ts'
import { plainLines } from '../html/plain-lines.ts'

/** `/why` and `/recheck` ask; the others put on a label or remove it. */
export type Command =
  | { name: 'why' | 'recheck' | 'unhold' }
  | { name: 'hold' | 'urgent'; reason: string | undefined }

export type CommandName = Command['name']

/** The commands of a comment, each alone on its line. */
export function commandsIn(text: string): Command[] {
  return mayHoldCommand(text) ? plainLines(text).flatMap(commandOf) : []
}

function commandOf(line: string): Command[] {
  const [, word = '', rest = ''] = /^\/([a-z]+)(?:[ \t]+(.*))?$/i.exec(line.replace(/[ \t]+$/, '')) ?? []
  const name = word.toLowerCase()
  const reason = beginningOf(rest.trim(), 300)
  switch (name) {
    case 'why':
    case 'recheck':
    case 'unhold':
      return reason === '' ? [{ name }] : []
    case 'hold':
    case 'urgent':
      return [{ name, reason: reason === '' ? undefined : reason }]
  }
  return []
}
