/** One difference between what was expected and what came. */
export type Mismatch = { where: string; expected: string; actual: string }
