import { type ContractChange, childPath, type RawTool } from './change.ts'
import { newlyHidden, visible } from './hidden-characters.ts'
import { toolChange } from './tool-change.ts'

/**
 * Zero-width and control characters that are new in the tool, wherever a model reads it: name, description, annotations and the
 * schemas with everything in them. Text that was there unchanged before was accepted once and is not reported again.
 */
export function hiddenTexts(old: RawTool | undefined, next: RawTool): ContractChange[] {
  const found = newlyHidden(readable(old), readable(next))
  return found.map(({ tokens, characters }) => {
    const [part = 'name', ...rest] = tokens
    const side = part === 'inputSchema' ? 'input' : part === 'outputSchema' ? 'output' : 'tool'
    const path = side === 'tool' ? '' : rest.reduce((pointer, token) => childPath(pointer, token), '')
    const place = visible(tokens.reduce((pointer, token) => childPath(pointer, token), ''))
    const message = `Invisible characters (${characters.join(', ')}) were added at ${place === '' ? 'the tool' : place}.`
    return { ...toolChange('hidden-characters', next.name, message, path), side }
  })
}

/** `_meta` and icons are data for programs, such as base64, not prose. */
function readable(tool: RawTool | undefined): unknown {
  if (tool === undefined) return undefined
  const { _meta: _unread, icons: _images, ...rest } = tool
  return rest
}
