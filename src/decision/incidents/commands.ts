import { beginningOf } from '../markdown.ts'
import type { Command } from './facts.ts'

/** The commands among the plain lines of a comment: those that begin with one. */
export function commandsIn(lines: string[]): Command[] {
  return lines.flatMap((line) => commandOf(line.trimEnd()) ?? [])
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
      return {
        name: 'severity',
        severity: beginningOf(severity, 20),
        reason: beginningOf(reason.trim(), 300),
      }
    }
  }
  return undefined
}
