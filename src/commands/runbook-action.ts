import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { closestMatches } from '../decision/did-you-mean.ts'
import { createRedactor } from '../regression/redaction.ts'
import { drillValues, type Runbooks } from '../regression/runbook/drill.ts'
import { type Evidence, runOnServer } from '../regression/runbook/evidence.ts'
import { type RunnableRunbook, valueProblem } from '../regression/runbook/runbook-file.ts'
import { formatProblem } from '../yaml/yaml-file.ts'
import { exitCodes } from './regress-action.ts'
import { evidenceText, keepEvidence } from './runbook-evidence.ts'
import { localRunbooks } from './runbook-files.ts'
import { type RunOptions, withRunOptions } from './runbook-options.ts'
import { runbookServer } from './runbook-server.ts'
import { stoppable } from './stoppable.ts'

/** `runbook run`: 0 passed, 1 failed, 2 usage error, 3 inconclusive. `words` are all that follows `run`. */
export async function runRunbook(words: string[], folder: string): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const [name = '', ...rest] = words
  if (name === '--help' || name === '-h')
    return withRunOptions(new Command('release-gate runbook run <name>')).outputHelp()
  if (name.startsWith('-')) throw new Error('runbook run: begin with the name of the runbook.')
  const runbooks = localRunbooks('--runbooks', folder)
  const runbook = runbookNamed(name, folder, runbooks)
  const { options, given } = optionsOf(runbook, rest)
  const server = runbookServer(options)
  const redactor = createRedactor(server.secrets)
  await stoppable(async (signal) => {
    const input = { ...server, redactor, reads: options.reads ?? [], signal }
    const drill = options.drill === true
    const valuesOf: Parameters<typeof runOnServer>[2] = async (sources) =>
      drill
        ? drillValues(runbook, server.variables, sources)
        : { ok: true, value: new Map([...server.variables, ...given]) }
    const readFileOf = drill ? runbooks.readFile : readGivenFile
    const evidence = await runOnServer(runbook, input, valuesOf, { drill, readFile: readFileOf })
    print(evidence, options)
    await keepEvidence(evidence, options)
    process.exitCode = exitCodes[evidence.verdict]
  })
}

/** A file that whoever runs the command named, from their own folder. */
const readGivenFile = (path: string) => readFile(path, 'utf8').catch(() => undefined)

function print(evidence: Evidence, { json }: RunOptions): void {
  process.stdout.write(json ? `${JSON.stringify(evidence, null, 2)}\n` : evidenceText(evidence))
}

function runbookNamed(name: string, folder: string, { runbooks, problems }: Runbooks): RunnableRunbook {
  const isNamed = ({ file }: { file: string }) => file.replaceAll('\\', '/').endsWith(`/${name}.md`)
  const found = runbooks.find((one) => one.name === name) ?? runbooks.find(isNamed)
  // Problems elsewhere must not keep anyone from running this one.
  if (found) return found
  const own = problems.filter(isNamed)
  if (own.length > 0) throw new Error(own.map(formatProblem).join('\n'))
  const names = runbooks.map((one) => one.name)
  const near = closestMatches(name, names)
  const hint =
    near.length > 0 ? `did you mean ${near.join(', ')}?` : `there are ${names.join(', ') || 'none'}.`
  const broken = problems.length > 0 ? ` Some cannot be read: ${problems.map(formatProblem).join('; ')}` : ''
  throw new Error(`runbook run: ${folder} has no runbook ${name} with steps to run; ${hint}${broken}`)
}

/** The options of the command, and the value of each variable. Commander reports what is missing, and what nobody knows. */
function optionsOf(
  { name, variables }: RunnableRunbook,
  words: string[],
): { options: RunOptions; given: Map<string, string> } {
  const command = withRunOptions(new Command(`release-gate runbook run ${name}`)).exitOverride()
  const flags = Object.entries(variables).map(([variable, { description, matches }]) => {
    const flag = `--${variable.replaceAll('_', '-')}`
    command.option(`${flag} <value>`, description)
    return { variable, flag, matches, attribute: command.options.at(-1)?.attributeName() ?? variable }
  })
  command.parse(words, { from: 'user' })
  const options = command.opts<RunOptions & Record<string, string>>()
  if (options.server === undefined)
    command.error("error: required option '--server <url|command>' not specified")
  const given = new Map<string, string>()
  for (const { variable, flag, matches, attribute } of options.drill ? [] : flags) {
    const value = options[attribute]
    if (value === undefined) command.error(`error: required option '${flag} <value>' not specified`)
    const problem = valueProblem(String(value), matches)
    if (problem !== undefined) command.error(`error: ${flag}: ${JSON.stringify(value)} ${problem}`)
    given.set(variable, String(value))
  }
  return { options, given }
}
