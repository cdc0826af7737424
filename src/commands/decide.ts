import { Command } from 'commander'
import { z } from 'zod'
import type { Policy } from '../decision/policy.ts'
import { type Snapshot, snapshotSchema } from '../decision/snapshot.ts'
import { decide } from '../decision/verdict.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { formatProblem } from '../yaml/yaml-file.ts'
import { readInput } from './input-file.ts'

type Options = { snapshot: string; policy: string }

type Mistakes = { mistakes: string[] }

/** `decide`: replays a stored snapshot under a policy. 0 passed, 1 not passed, 2 invalid input. */
export function decideCommand(): Command {
  return new Command('decide')
    .requiredOption('--snapshot <file>', 'a snapshot as JSON; see schema/snapshot.schema.json')
    .requiredOption('--policy <file>', 'a release-gate.yml')
    .option('--json', 'accepted for consistency; the output is always JSON')
    .addHelpText('after', '\nExit codes: 0 passed, 1 waiting or failed, 2 invalid input.')
    .action((options: Options) => {
      const [policy, snapshot] = [readPolicy(options.policy), readSnapshot(options.snapshot)]
      if ('mistakes' in policy || 'mistakes' in snapshot) {
        const lines = [policy, snapshot].flatMap((read) => ('mistakes' in read ? read.mistakes : []))
        process.stderr.write(`${lines.join('\n')}\n`)
        process.exitCode = 2
        return
      }
      const verdict = decide(snapshot.snapshot, policy.policy)
      process.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`)
      process.exitCode = verdict.state === 'passed' ? 0 : 1
    })
}

function readPolicy(file: string): { policy: Policy } | Mistakes {
  const read = readInput('--policy', file, 'a release-gate.yml')
  if ('mistake' in read) return { mistakes: [read.mistake] }
  const parsed = parsePolicy(read.text, file)
  return parsed.ok ? { policy: parsed.policy } : { mistakes: parsed.problems.map(formatProblem) }
}

function readSnapshot(file: string): { snapshot: Snapshot } | Mistakes {
  const read = readInput('--snapshot', file, 'a snapshot as JSON')
  if ('mistake' in read) return { mistakes: [read.mistake] }
  let value: unknown
  try {
    value = JSON.parse(read.text)
  } catch (error) {
    return { mistakes: [`${file}: is not valid JSON: ${error instanceof Error ? error.message : error}.`] }
  }
  const parsed = snapshotSchema.safeParse(value)
  if (parsed.success) return { snapshot: parsed.data }
  const what = z.prettifyError(parsed.error)
  return {
    mistakes: [`${file}: is not a snapshot (see schema/snapshot.schema.json):`, what],
  }
}
