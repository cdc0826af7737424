import { withoutHtmlComments } from '../markdown.ts'
import type { Command } from './facts.ts'

/**
 * The commands in a comment: lines that begin with one. Quoted lines, code blocks and what is inside of an HTML comment are not
 * commands, since people quote and explain them.
 */
export function commandsIn(text: string): Command[] {
  const visible = withoutHtmlComments(text).replace(/^ {0,3}(```|~~~)[\s\S]*?(^ {0,3}\1|$(?![\s\S]))/gm, '')
  return visible.split(/\r?\n/).flatMap((line) => commandOf(line.trimEnd()) ?? [])
}

function commandOf(line: string): Command | undefined {
  const [, word = '', rest = ''] = /^\/([a-z]+)(?:\s+(.*))?$/i.exec(line) ?? []
  switch (word.toLowerCase()) {
    case 'ack':
      return { name: 'ack' }
    case 'mitigated':
      return { name: 'mitigated' }
    case 'confirm':
      return { name: 'confirm' }
    case 'severity': {
      const [, severity = '', reason = ''] = /^(\S*)\s*(.*)$/.exec(rest.trim()) ?? []
      return { name: 'severity', severity: severity.slice(0, 20), reason: reason.trim().slice(0, 300) }
    }
  }
  return undefined
}
