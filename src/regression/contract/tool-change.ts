import type { ContractChange } from './change.ts'
import { type ToolRule, toolRules } from './rules.ts'

/** A change of a tool as a whole, with the severity that the rule table gives it. */
export function toolChange(rule: ToolRule, tool: string, message: string, path = ''): ContractChange {
  return { severity: toolRules[rule], rule, tool, path, side: 'tool', message }
}
