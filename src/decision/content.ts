export type {
  BaseMove,
  Change,
  ChangedFile,
  Entry,
  Footprint,
  Sameness,
  Tree,
  TreeEntry,
} from './content/facts.ts'
export { treeOf } from './content/facts.ts'
export { sameChange } from './content/same-change.ts'
export {
  cleanUpdateMerge,
  type MergeCommit,
  type MergeProof,
  type UpdateMergeFacts,
} from './content/update-merge.ts'
