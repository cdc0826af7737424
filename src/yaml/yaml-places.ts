import { type Document, isMap, isNode, isScalar, type LineCounter, type Node } from 'yaml'

/** A problem in a file: where, what, and how to fix it. Lines and columns count from 1. */
export type FileProblem = { file: string; line: number; column: number; message: string }

export function problemAt(file: string, lines: LineCounter, offset: number, message: string): FileProblem {
  const { line, col } = lines.linePos(offset)
  return { file, line: Math.max(1, line), column: Math.max(1, col), message }
}

/** The place of the deepest node that exists on the path: a missing key is reported at its parent. */
export function offsetOf(document: Document, path: PropertyKey[], onKey: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(document, path.slice(0, length), onKey && length === path.length)
    if (node?.range) return node.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}

function nodeAt(document: Document, path: PropertyKey[], onKey: boolean): Node | undefined {
  if (!onKey) {
    const node = document.getIn(path, true)
    return isNode(node) ? node : undefined
  }
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents
  if (!isMap(parent)) return undefined
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
  return isNode(pair?.key) ? pair.key : undefined
}
