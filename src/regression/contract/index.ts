/** The contract diff of MCP tool lists: what other folders may import. */
export { brokenPatterns } from './broken-patterns.ts'
export {
  type ContractChange,
  mostSevereFirst,
  type RawTool,
  type Severity,
  severities,
  type ToolList,
} from './change.ts'
export { type ContractOptions, diffContracts } from './tool-diff.ts'
export { applyWaivers, type WaivedChange, type Waiver } from './waivers.ts'
