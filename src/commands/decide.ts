import { Command } from 'commander'
import { z } from 'zod'
import { instantOfMoment, parseMoment } from '../decision/calendar/written-times.ts'
import { terminalLines } from '../decision/markdown.ts'
import type { Policy } from '../decision/policy.ts'
import { type Snapshot, snapshotSchema } from '../decision/snapshot.ts'
import { decide } from '../decision/verdict.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { formatProblem } from '../yaml/yaml-file.ts'
import type { PullQuestion } from './decide-pull.ts'
import { readInput } from './input-file.ts'

type Options = {
  snapshot?: string
  policy?: string
  pull?: string
  at?: string
  label?: string[]
  token?: string
  json?: boolean
}

type Mistakes = { mistakes: string[] }

/**
 * `decide`: replays a stored snapshot under a policy, or evaluates a live pull request with the caller's token. 0 passed, 1 not
 * passed, 2 invalid input, 3 GitHub cannot be reached.
 */
export function decideCommand(): Command {
  return new Command('decide')
    .option('--snapshot <file>', 'a snapshot as JSON; see schema/snapshot.schema.json')
    .option('--pull <owner/name#number>', 'instead of a snapshot: a pull request, read now')
    .option('--policy <file>', "a release-gate.yml (with --pull: default is the repository's own)")
    .option('--at <time>', 'with --pull: evaluate as of this time, as ISO date and time with an offset')
    .option('--label <name...>', 'with --pull: as if you had just added this label')
    .option('--token <token>', 'with --pull: a token of yours (default: GITHUB_TOKEN)')
    .option('--json', 'print the verdict as JSON; a snapshot always does')
    .addHelpText(
      'after',
      '\nNothing is written. Exit codes: 0 passed, 1 waiting or failed,\n2 invalid input, 3 GitHub cannot be reached.',
    )
    .action(async (options: Options) => {
      const mistake = usageMistake(options)
      if (mistake !== undefined) return refuse([mistake])
      if (options.pull === undefined) return replay(options)
      const { exitIfUnreachable } = await import('../doctor/unreachable.ts')
      await exitIfUnreachable(() => askGitHub(options, options.pull ?? ''))
    })
}

function usageMistake({ snapshot, pull, policy, at, label }: Options): string | undefined {
  if ((snapshot === undefined) === (pull === undefined))
    return 'Use either --snapshot with a file, or --pull with a pull request such as acme/shop#12.'
  if (pull !== undefined) return undefined
  if (policy === undefined) return '--policy: is required with --snapshot.'
  const only = (at !== undefined && '--at') || (label && '--label')
  return only ? `${only}: only works with --pull. Change the snapshot instead.` : undefined
}

function replay({ policy: policyFile = '', snapshot: snapshotFile = '' }: Options): void {
  const [policy, snapshot] = [readPolicy(policyFile), readSnapshot(snapshotFile)]
  if ('mistakes' in policy || 'mistakes' in snapshot) {
    refuse([policy, snapshot].flatMap((read) => ('mistakes' in read ? read.mistakes : [])))
    return
  }
  const verdict = decide(snapshot.snapshot, policy.policy)
  process.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`)
  process.exitCode = verdict.state === 'passed' ? 0 : 1
}

async function askGitHub(options: Options, pull: string): Promise<void> {
  const question = questionOf(options, pull)
  if (typeof question === 'string') return refuse([question])
  const { decidePull } = await import('./decide-pull.ts')
  const answer = await decidePull(question)
  if ('mistake' in answer) return refuse([answer.mistake])
  const { report, ...verdict } = answer.verdict
  const { unknown } = answer
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ...verdict, title: report.title, unknown }, null, 2)}\n`
      : `${report.title}\n\n${report.summary}\n\nNot included, because only the bot knows it: ${unknown.join(', ')}.\n`,
  )
  process.exitCode = verdict.state === 'passed' ? 0 : 1
}

/** The question, or what is wrong with it. */
function questionOf(options: Options, written: string): PullQuestion | string {
  const [, owner = '', repo = '', number] = /^([\w.-]+)\/([\w.-]+)#(\d{1,9})$/.exec(written) ?? []
  if (!number) return `--pull: ${JSON.stringify(written)} is not a pull request. Example: acme/shop#12.`
  const token = options.token ?? process.env.GITHUB_TOKEN
  if (!token) return '--token: is not set, and neither is GITHUB_TOKEN. Use a token of yours.'
  const at = options.at === undefined ? new Date() : instantIn(options.at)
  if (!at)
    return `--at: ${JSON.stringify(options.at)} is not an ISO date and time with an offset. Example: "2026-11-25T10:00-08:00".`
  const { policy: where } = options
  const file = where === undefined ? undefined : readInput('--policy', where, 'a release-gate.yml')
  if (file && 'mistake' in file) return file.mistake
  return {
    pull: { owner, repo, number: Number(number) },
    token,
    apiUrl: process.env.GITHUB_API_URL || 'https://api.github.com',
    policy: file && { text: file.text, where: where ?? '', blob: '' },
    at,
    labels: options.label ?? [],
  }
}

function instantIn(text: string): Date | undefined {
  const moment = parseMoment(text)
  if (!moment || !/(Z|[+-]\d\d:\d\d)$/i.test(text)) return undefined
  return new Date(instantOfMoment(moment, 'UTC', 'first'))
}

function refuse(mistakes: string[]): void {
  process.stderr.write(`${terminalLines(mistakes.join('\n'))}\n`)
  process.exitCode = 2
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
