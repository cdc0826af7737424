/** One difference between the expected and the actual result. */
export type Mismatch = { where: string; expected: string; actual: string }
