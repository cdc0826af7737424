import { afterAll } from 'vitest'

const work: (() => unknown)[] = []

/** Runs when the test file that is running ends, after its own `afterAll`. A module is loaded once for many files, so an `afterAll` in it would run once. */
export function atEndOfFile(clean: () => unknown): void {
  work.push(clean)
}

/** Registers that for one file; for a setup file, which is loaded for each. */
export function cleanAtEndOfFile(): void {
  afterAll(async () => {
    while (work.length > 0) await work.pop()?.()
  })
}
