import { existsSync } from 'node:fs'
import { type FirstSuite, firstSuite } from '../regression/first-suite.ts'
import { forTerminal } from '../regression/markdown.ts'
import { sessionsOf } from '../regression/open-sessions.ts'
import { outputBeforeProtocol } from '../regression/output-before-protocol.ts'
import { pluralize } from '../regression/pluralize.ts'
import { createRedactor } from '../regression/redaction.ts'
import { suiteSchema } from '../regression/suite-schema.ts'
import type { ListedTool } from '../services/mcp.ts'
import { requireFolder, writeOutput } from './input-file.ts'
import { regress } from './regress-action.ts'
import { operatorOf } from './regress-input.ts'
import type { InitOptions } from './regress-options.ts'
import { cliTarget } from './server-target.ts'

/** Writes a first suite for a server, runs what can be run of it, and says what to do next. */
export async function regressInit(options: InitOptions): Promise<void> {
  const { out, force = false } = options
  if (existsSync(out) && !force)
    throw new Error(`--out: ${out} already exists; name another file, or add --force.`)
  requireFolder('--out', out)
  const tools = await toolsOf(options)
  if (!tools) return
  if (tools.length === 0) return inconclusive('the server lists no tools')
  const suite = firstSuite(tools)
  writeOutput('--out', out, suite.text)
  if (suite.ready.length > 0) await regress({ ...options, suite: [out], only: suite.ready, once: true })
  process.stdout.write(`${next(suite, tools.length, options).join('\n')}\n`)
}

async function toolsOf(options: InitOptions): Promise<ListedTool[] | undefined> {
  const operator = operatorOf()
  const { target, secrets } = cliTarget(options, operator)
  const redactor = createRedactor([...operator.secrets, ...secrets])
  const opened = await sessionsOf(target, { defaults: suiteSchema.shape.defaults.parse({}) }, redactor).open()
  if (!opened.ok)
    return inconclusive(opened.fault.message + outputBeforeProtocol(redactor.text(opened.stderr)))
  const listed = await opened.session.listTools()
  await opened.session.close()
  if (!listed.ok) return inconclusive('tools/list could not be read')
  return redactor.value(listed.listing.tools) as ListedTool[]
}

function inconclusive(message: string): undefined {
  process.stderr.write(`${forTerminal(message)}\n`)
  process.exitCode = 3
}

function next(
  { cases, ready, todo, guessed, writers }: FirstSuite,
  tools: number,
  { out, server }: InitOptions,
): string[] {
  const names = (list: readonly string[]) => forTerminal(list.join(', '), 500)
  const missing = [...todo].map(([tool, args]) => `${tool} (${args.join(', ')})`)
  const steps = [
    ...(missing.length > 0 ? [`Replace each TODO with a real value: ${names(missing)}.`] : []),
    ...(guessed.length > 0
      ? [
          `Check that these tools only read, since the server does not say so, and remove the others from \`reads\`: ${names(guessed)}.`,
        ]
      : []),
    ...(writers.length > 0 ? [forWriters(cases === writers.length, names(writers))] : []),
    'Describe under `expect` what each answer must contain.',
    `Run it: release-gate regress --suite ${out} --server ${JSON.stringify(server)}`,
  ]
  return [
    '',
    `${out} has ${pluralize(cases, 'case', 'cases')} for ${pluralize(tools, 'tool', 'tools')}; ${pluralize(ready.length, 'case was', 'cases were')} run.`,
    'Next:',
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
  ]
}

/** Whether all cases are of tools that write, or their cases are comments. */
function forWriters(all: boolean, names: string): string {
  if (all) return `If it is safe to write to this server, run the cases with --writes: ${names} may write.`
  return `If it is safe to write to this server, uncomment the cases of tools that write: ${names}.`
}
