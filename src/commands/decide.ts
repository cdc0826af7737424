import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { z } from 'zod'
import { snapshotSchema } from '../decision/snapshot.ts'
import { decide } from '../decision/verdict.ts'
import { parsePolicy } from '../policy-file.ts'
import { formatProblem } from '../yaml-file.ts'

/** `decide`: replays a stored snapshot under a policy. 0 passed, 1 not passed, 2 an input cannot be used. */
export function decideCommand(): Command {
  return new Command('decide')
    .description(
      'judge a stored snapshot by a policy and print the verdict as JSON; the same input gives the same verdict',
    )
    .requiredOption('--snapshot <file>', 'a snapshot as JSON; see schema/snapshot.schema.json')
    .requiredOption('--policy <file>', 'a release-gate.yml')
    .option('--json', 'print JSON, which it does anyway')
    .addHelpText('after', '\nExit codes: 0 passed, 1 waiting or failed, 2 an input cannot be used.')
    .action((options: { snapshot: string; policy: string }) => {
      const policy = parsePolicy(readFileSync(options.policy, 'utf8'), options.policy)
      if (!policy.ok) return refuse(policy.problems.map(formatProblem))
      const snapshot = snapshotSchema.safeParse(readJson(options.snapshot))
      if (!snapshot.success)
        return refuse([`${options.snapshot}: is not a snapshot:`, z.prettifyError(snapshot.error)])
      const verdict = decide(snapshot.data, policy.policy)
      process.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`)
      process.exitCode = verdict.state === 'passed' ? 0 : 1
    })
}

function readJson(file: string): unknown {
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${file}: is not JSON: ${error instanceof Error ? error.message : error}`)
  }
}

function refuse(lines: string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`)
  process.exitCode = 2
}
