import {
  diffContracts,
  mostSevereFirst,
  type Severity,
  severities,
  type ToolList,
} from '../regression/contract/index.ts'
import { type Baseline, baselineOf, readBaseline } from '../regression/contract-check.ts'
import { sessionsOf } from '../regression/open-sessions.ts'
import { outputBeforeProtocol } from '../regression/output-before-protocol.ts'
import { pluralize } from '../regression/pluralize.ts'
import { protocolGate, refusedInList } from '../regression/protocol-gate.ts'
import { createRedactor, type Redactor } from '../regression/redaction.ts'
import { suiteSchema } from '../regression/suite-schema.ts'
import { duplicateNames, type StagingSession } from '../services/mcp.ts'
import { changeTable, printable, toolTable } from './contract-table.ts'
import { readInput, requireFolder, writeOutput } from './input-file.ts'
import { baselineOf as readList } from './regress-files.ts'
import { operatorOf } from './regress-input.ts'
import type { ContractTarget } from './server-options.ts'
import { cliTarget } from './server-target.ts'

export async function show(options: ContractTarget & { json?: boolean }): Promise<void> {
  const recorded = await read(options)
  if (!recorded) return
  process.stdout.write(options.json ? `${JSON.stringify(recorded, null, 2)}\n` : await toolTable(recorded))
  warnOfRefused(recorded.refused, new Set())
}

/** The previous content of the file is the last release: its problems are known, and only cause warnings. */
export async function record(options: ContractTarget & { out: string }): Promise<void> {
  requireFolder('--out', options.out)
  const recorded = await read(options)
  if (!recorded) return
  const last = readInput('--out', options.out, 'a list of tools')
  const before = 'text' in last ? readBaseline(last.text) : undefined
  writeOutput('--out', options.out, `${JSON.stringify(recorded, null, 2)}\n`)
  const { tools, server } = recorded
  const count = pluralize(tools.length, 'tool', 'tools')
  process.stdout.write(
    `${count} of ${printable(`${server.name} ${server.version}`)} written to ${options.out}\n`,
  )
  warnOfRefused(recorded.refused, new Set(before?.refused))
}

function warnOfRefused(refused: readonly string[], before: ReadonlySet<string>): void {
  if (refused.length === 0) return
  const { verdict, message } = protocolGate(refused, before)
  process.stderr.write(`protocol: ${printable(message)}\n`)
  if (verdict === 'failed') process.exitCode = 1
}

export async function diff(
  before: string,
  after: string,
  options: { json?: boolean; minSeverity: Severity },
): Promise<void> {
  const all = mostSevereFirst(diffContracts(listOf('the old list', before), listOf('the new list', after)))
  const asked = severities.slice(0, severities.indexOf(options.minSeverity) + 1)
  const changes = all.filter(({ severity }) => asked.includes(severity))
  process.stdout.write(options.json ? `${JSON.stringify(changes, null, 2)}\n` : await changeTable(changes))
  const left = all.length - changes.length
  if (left > 0 && !options.json)
    process.stdout.write(`${pluralize(left, 'change', 'changes')} below ${options.minSeverity} not shown\n`)
  process.exitCode = all.some(({ severity }) => severity === 'breaking') ? 1 : 0
}

function listOf(which: string, file: string): ToolList {
  const { tools, protocolVersion, server, capabilities } = readList(`contract diff, ${which}`, file)
  return {
    tools,
    capabilities,
    ...(protocolVersion ? { protocolVersions: [protocolVersion] } : {}),
    ...(server.name === '' && server.version === '' ? {} : { server }),
  }
}

/** Reads the list of a server. An unreachable one is reported, with exit code 3 as in `regress`. */
async function read(options: ContractTarget): Promise<Baseline | undefined> {
  const operator = operatorOf()
  const defaults = { ...suiteSchema.shape.defaults.parse({}), elicitation: options.elicitation }
  const { target, secrets } = cliTarget(options, operator)
  const redactor = createRedactor([...operator.secrets, ...secrets])
  const { open } = sessionsOf(target, { defaults }, redactor)
  const opened = await open()
  if (!opened.ok)
    return inconclusive(opened.fault.message + outputBeforeProtocol(redactor.text(opened.stderr)))
  try {
    return await listed(opened.session, redactor)
  } finally {
    await opened.session.close()
  }
}

async function listed(session: StagingSession, redactor: Redactor): Promise<Baseline | undefined> {
  const list = await session.listTools()
  if (!list.ok) return inconclusive('message' in list.outcome ? list.outcome.message : list.outcome.kind)
  for (const note of list.listing.notes) process.stderr.write(`${printable(note)}\n`)
  const duplicates = duplicateNames(list.listing.tools)
  if (duplicates.length > 0)
    return inconclusive(`tools/list contains these tools twice: ${duplicates.join(', ')}`)
  const recorded = baselineOf(session, list.listing, redactor, new Date())
  return {
    ...recorded,
    refused: redactor.value(refusedInList(session, list.listing, session.capabilities)) as string[],
  }
}

function inconclusive(message: string): undefined {
  process.stderr.write(`${printable(message)}\n`)
  process.exitCode = 3
}
