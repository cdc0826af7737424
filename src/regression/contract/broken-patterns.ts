import type { RawTool } from './change.ts'
import { visible } from './hidden-characters.ts'
import { deeperThan, isObject } from './json.ts'
import { schemasWithin } from './references.ts'

/**
 * The regular expressions in a tool's schemas that ECMAScript cannot compile, although JSON Schema requires it. A validating
 * client rejects the tool, even if `(?P<name>…)` or `\A` is valid in another language.
 */
export function brokenPatterns(tool: RawTool): string[] {
  if (deeperThan(tool, 96)) return []
  return ['inputSchema', 'outputSchema'].flatMap((side) => {
    const patterns = schemasWithin(tool[side]).flatMap(({ pattern, patternProperties }) => [
      ...(typeof pattern === 'string' ? [pattern] : []),
      ...(isObject(patternProperties) ? Object.keys(patternProperties) : []),
    ])
    const broken = [...new Set(patterns)].filter((pattern) => !compiles(pattern))
    return broken.map(
      (pattern) => `${side} has the pattern ${shown(pattern)}, which ECMAScript cannot compile`,
    )
  })
}

/** With the flag `u`, as Ajv does and JSON Schema recommends. */
function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u')
    return true
  } catch {
    return false
  }
}

function shown(pattern: string): string {
  return visible(pattern.length > 60 ? `${pattern.slice(0, 59)}…` : pattern)
}
