import { oneLine } from '../decision/markdown.ts'
import type { diffContracts } from '../regression/contract/index.ts'
import type { Baseline } from '../regression/contract-check.ts'

/** The tables that `contract` prints. Names are never truncated, since a suite has to repeat them. */

const plain = { style: { head: [], border: [] }, wordWrap: true }

/** The tools of a list. */
export async function toolTable({ tools, server }: Baseline): Promise<string> {
  const { default: Table } = await import('cli-table3')
  const table = new Table({
    ...plain,
    head: ['Tool', 'Read-only', 'Arguments', 'Description'],
    colWidths: [32, 12, 32, 48],
  })
  for (const tool of tools) {
    const { inputSchema, annotations, description = '' } = tool as Record<string, unknown>
    const properties = Object.keys((inputSchema as { properties?: object } | undefined)?.properties ?? {})
    const readOnly = (annotations as { readOnlyHint?: unknown } | undefined)?.readOnlyHint === true
    const says = printable(String(description))
    table.push([uncut(tool.name), readOnly ? 'yes' : 'no', uncut(properties.join(', ')), says])
  }
  return `${printable(`${server.name} ${server.version}`)}\n${table.toString()}\n`
}

/** The changes between two lists; a waiver repeats the rule, the tool and the place. */
export async function changeTable(changes: ReturnType<typeof diffContracts>): Promise<string> {
  if (changes.length === 0) return 'unchanged\n'
  const { default: Table } = await import('cli-table3')
  const table = new Table({
    ...plain,
    head: ['Severity', 'Tool', 'Where', 'Change', 'Rule'],
    // The last column is as wide as its longest rule, so that each rule stands in one piece.
    colWidths: [11, 26, 22, 60, null],
  })
  for (const { severity, tool, path, message, rule } of changes) {
    table.push([severity, uncut(tool), uncut(path), printable(message), printable(rule)])
  }
  return `${table.toString()}\n`
}

/** A cell that goes on in the next line in the middle of a word; otherwise a word that is too long loses its end. */
function uncut(text: string): { content: string; wrapOnWordBoundary: false } {
  return { content: printable(text), wrapOnWordBoundary: false }
}

/** A server must not be able to move the cursor of the terminal or color our output. */
export function printable(text: string): string {
  return oneLine(text, 1_000)
}
