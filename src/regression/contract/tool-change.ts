import type { ContractChange } from './change.ts'
import { type ToolRule, toolRules } from './rules.ts'

/** A change of a whole tool, with its severity from the rule table. */
export function toolChange(rule: ToolRule, tool: string, message: string, path = ''): ContractChange {
  return { severity: toolRules[rule], rule, tool, path, side: 'tool', message }
}
