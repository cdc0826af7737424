import type { ProbeFacts } from './facts.ts'

/** Looks whether one thing that the bot needs can be reached. `look` gives a sentence on it, and throws when it cannot. */
export type Probe = {
  name: string
  look: () => Promise<string | { unknown: string }>
}

const patience = 10_000

/** Runs all probes at once; one that does not answer in 10 s has failed. */
export function runProbes(probes: Probe[], milliseconds = patience): Promise<ProbeFacts[]> {
  return Promise.all(
    probes.map(async ({ name, look }) => {
      try {
        const says = await within(look(), milliseconds)
        return typeof says === 'string'
          ? { name, state: 'ok' as const, says }
          : { name, state: 'unknown' as const, says: says.unknown }
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        return { name, state: 'failed' as const, says: `The ${name} cannot be reached: ${why}` }
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
