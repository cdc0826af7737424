import type { ProbeFacts } from './facts.ts'

/**
 * Checks that one dependency of the bot can be reached. `run` returns a sentence, with the scopes of a token where it has some, and throws
 * when it cannot be reached. Something else that is wrong comes with its `fix`.
 */
export type Probe = {
  name: string
  run: () => Promise<
    string | { ok: string; scopes: string[] } | { unknown: string } | { failed: string; fix: string }
  >
}

const timeout = 10_000

/** Runs all probes in parallel. A probe without an answer within 10 s has failed. */
export function runProbes(probes: Probe[], milliseconds = timeout): Promise<ProbeFacts[]> {
  return Promise.all(
    probes.map(async ({ name, run }) => {
      try {
        const answer = await within(run(), milliseconds)
        if (typeof answer === 'string') return { name, state: 'ok' as const, message: answer }
        if ('ok' in answer) return { name, state: 'ok' as const, message: answer.ok, scopes: answer.scopes }
        return 'unknown' in answer
          ? { name, state: 'unknown' as const, message: answer.unknown }
          : { name, state: 'failed' as const, message: answer.failed, fix: answer.fix }
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        return { name, state: 'failed' as const, message: `The ${name} cannot be reached: ${why}` }
      }
    }),
  )
}

async function within<Answer>(work: Promise<Answer>, milliseconds: number): Promise<Answer> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer in ${milliseconds / 1000} s`)), milliseconds)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
