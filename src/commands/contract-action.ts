import { readFileSync, writeFileSync } from 'node:fs'
import { diffContracts } from '../regression/contract/index.ts'
import { type Baseline, baselineOf, readBaseline } from '../regression/contract-check.ts'
import { sessionOptions } from '../regression/opening.ts'
import { createRedactor } from '../regression/redaction.ts'
import { suiteSchema } from '../regression/suite-schema.ts'
import { openStaging, type StagingSession } from '../services/staging.ts'
import type { ContractTarget } from './contract.ts'
import { cliTarget, operatorOf } from './regress-input.ts'

export async function show(options: ContractTarget & { json?: boolean }): Promise<void> {
  const recorded = await read(options)
  if (!recorded) return
  process.stdout.write(options.json ? `${JSON.stringify(recorded, null, 2)}\n` : await tableOf(recorded))
}

export async function record(options: ContractTarget & { out: string }): Promise<void> {
  const recorded = await read(options)
  if (!recorded) return
  writeFileSync(options.out, `${JSON.stringify(recorded, null, 2)}\n`)
  const { name, version } = recorded.server
  process.stdout.write(
    `${recorded.tools.length} tools of ${printable(`${name} ${version}`)} written to ${options.out}\n`,
  )
}

export async function diff(before: string, after: string, options: { json?: boolean }): Promise<void> {
  const changes = diffContracts(listOf(before), listOf(after))
  process.stdout.write(options.json ? `${JSON.stringify(changes, null, 2)}\n` : await changeTable(changes))
  process.exitCode = changes.some(({ severity }) => severity === 'breaking') ? 1 : 0
}

function listOf(file: string): Parameters<typeof diffContracts>[0] {
  const baseline = readBaseline(readFileSync(file, 'utf8'))
  if (!baseline) throw new Error(`${file} is no list of tools; write one with \`contract record\``)
  const { tools, protocolVersion } = baseline
  return { tools, ...(protocolVersion ? { protocolVersions: [protocolVersion] } : {}) }
}

/** Reads the list of a server. One that cannot be reached is told, with exit code 3 as in `regress`. */
async function read(options: ContractTarget): Promise<Baseline | undefined> {
  const operator = operatorOf()
  const defaults = { ...suiteSchema.shape.defaults.parse({}), elicitation: options.elicitation }
  const opened = await openStaging(cliTarget(options, operator), sessionOptions({ defaults }))
  if (!opened.ok) return unjudged(opened.fault.message)
  try {
    return await listed(opened.session, operator.secrets)
  } finally {
    await opened.session.close()
  }
}

async function listed(session: StagingSession, secrets: string[]): Promise<Baseline | undefined> {
  const list = await session.listTools()
  if (!list.ok) return unjudged('message' in list.outcome ? list.outcome.message : list.outcome.kind)
  for (const note of list.listing.notes) process.stderr.write(`${note}\n`)
  const { duplicates } = list.listing
  if (duplicates.length > 0) return unjudged(`tools/list names these tools twice: ${duplicates.join(', ')}`)
  return baselineOf(session, list.listing, createRedactor(secrets), new Date())
}

function unjudged(message: string): undefined {
  process.stderr.write(`${printable(message)}\n`)
  process.exitCode = 3
}

async function tableOf({ tools, server }: Baseline): Promise<string> {
  const { default: Table } = await import('cli-table3')
  const table = new Table({
    head: ['Tool', 'Reads only', 'Takes', 'Says'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [32, 12, 32, 48],
  })
  for (const tool of tools) {
    const { inputSchema, annotations, description = '' } = tool as Record<string, unknown>
    const properties = Object.keys((inputSchema as { properties?: object } | undefined)?.properties ?? {})
    const readOnly = (annotations as { readOnlyHint?: unknown } | undefined)?.readOnlyHint === true
    table.push(
      [tool.name, readOnly ? 'yes' : 'no', properties.join(', '), String(description)].map(printable),
    )
  }
  return `${printable(`${server.name} ${server.version}`)}\n${table.toString()}\n`
}

async function changeTable(changes: ReturnType<typeof diffContracts>): Promise<string> {
  if (changes.length === 0) return 'unchanged\n'
  const { default: Table } = await import('cli-table3')
  const table = new Table({
    head: ['Severity', 'Tool', 'Where', 'Change', 'Rule'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [11, 26, 22, 60, 30],
  })
  for (const { severity, tool, path, message, rule } of changes) {
    table.push([severity, tool, path, message, rule].map(printable))
  }
  return `${table.toString()}\n`
}

/** A server must not be able to move the cursor of the terminal or colour our output. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 1000)
}
