import { z } from 'zod'
import type { Policy } from '../decision/policy.ts'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import type { PullRef, RegressionFacts, Runbook, RunbookFacts, Snapshot } from '../decision/snapshot.ts'
import { currentRun } from '../decision/staging.ts'
import { sectionsOf } from '../regression/runbook/sections.ts'
import type { GitHub } from '../services/github/client.ts'
import {
  type Folder,
  type FolderEntry,
  readBlobs,
  readFolder,
  submodule,
  symbolicLink,
} from '../services/github/folders.ts'
import type { Queryable } from '../store/database.ts'
import { evidenceFor } from '../store/evidence.ts'
import { type FactStore, factStore } from '../store/facts.ts'
import { toolsExemptFromRunbooks } from '../store/runbook-starts.ts'

type Reading = { database: Queryable; github: GitHub; now: () => Date }

/** What is added to a snapshot where the policy that applies to it names the gate `runbooks`. */
export async function runbooksFact(
  reading: Reading,
  { pull, head, state }: Pick<Snapshot, 'pull' | 'head' | 'state'>,
  policy: Policy | undefined,
  regression: RegressionFacts | undefined,
): Promise<Pick<Snapshot, 'runbooks'>> {
  const { runbooks: wanted, staging_regression: settings } = policy?.gates ?? {}
  if (!wanted || !settings || !regression || state === 'closed') return {}
  const { folder } = wanted
  const tools = await toolsOfHead(reading.database, pull, head.sha, regression, settings)
  if (!tools) return { runbooks: { state: 'no_contract', folder } }
  const older = await toolsExemptFromRunbooks(reading.database, pull, settings.server, {
    namesIn: toolNames,
    now: reading.now(),
  })
  return { runbooks: await readRunbooks(reading, pull, head.sha, { folder, tools, older }) }
}

const contract = z.object({ tools: z.array(z.object({ name: z.string() })) })

/** The names of the tools in a stored list, each once. */
function toolNames(recorded: string): string[] {
  return [...new Set(contract.parse(JSON.parse(recorded)).tools.map(({ name }) => name))]
}

/** The tools of the run that counts for the head; undefined if there is none, or it could not read the list. */
async function toolsOfHead(
  database: Queryable,
  pull: PullRef,
  sha: string,
  regression: RegressionFacts,
  settings: RegressionSettings,
): Promise<string[] | undefined> {
  const run = currentRun(regression, sha, settings)
  if (!run) return undefined
  const stored = await evidenceFor(database, pull, { sha, tree: regression.tree })
  const recorded = stored.find(({ runId }) => runId === run.runId)?.recorded
  return recorded ? toolNames(recorded) : undefined
}

type Wanted = { folder: string; tools: string[]; older: string[] }

async function readRunbooks(
  reading: Reading,
  pull: PullRef,
  sha: string,
  { folder, tools, older }: Wanted,
): Promise<RunbookFacts> {
  const facts = factStore(reading.database, reading.now)
  const found = await keptFolder(reading, facts, pull, sha, folder)
  if (found.state === 'not a folder') return { state: 'unreadable', folder, why: 'is not a folder' }
  const entries = new Map(
    found.state === 'read' ? found.entries.map((entry) => [entry.name, entry] as const) : [],
  )
  const files = new Map(tools.map((name) => [name, entryOf(name, entries)] as const))
  const oids = [...files.values()].flatMap((file) => ('oid' in file ? [file.oid] : []))
  const read = await keptRunbooks(reading, facts, pull, [...new Set(oids)])
  return {
    state: 'read',
    folder,
    tools: tools.map((name) => {
      const file = files.get(name) ?? missing
      const runbook = 'oid' in file ? (read.get(file.oid) ?? missing) : file
      return { name, existing: older.includes(name), runbook }
    }),
  }
}

const missing: Runbook = { state: 'missing' }
const unreadable = (why: string): Runbook => ({ state: 'unreadable', why })

/** A larger one is not a text that a person reads in a hurry, and would cost everybody else time. */
const mostBytes = 64 * 1024

/** The file of a tool, or why none can be read. */
function entryOf(tool: string, entries: ReadonlyMap<string, FolderEntry>): Runbook | { oid: string } {
  if (!/^[\w.-]{1,128}$/.test(tool))
    return unreadable('cannot be the name of a file; name the tool with letters, digits, ".", "_" and "-"')
  const entry = entries.get(`${tool}.md`)
  if (!entry) return missing
  const why = fileProblem(entry)
  return why === undefined ? { oid: entry.oid } : unreadable(why)
}

/** Why an entry of a folder cannot be read as a runbook. */
export function fileProblem({ mode, size }: Pick<FolderEntry, 'mode' | 'size'>): string | undefined {
  if (mode === symbolicLink) return 'is a symbolic link; commit the file'
  if (mode === submodule || !(mode & 0o100000)) return 'is not a file'
  return size > mostBytes ? 'is larger than 64 KB; shorten it' : undefined
}

/** The folder at a commit never changes, so it is read once for each head. */
async function keptFolder(
  { github }: Reading,
  facts: FactStore,
  pull: PullRef,
  sha: string,
  folder: string,
): Promise<Folder> {
  const key = `runbooks ${pull.repositoryId} ${sha} ${folder}`
  const known = await facts.get<Folder>(key)
  if (known) return known
  const found = await readFolder(github, pull, sha, folder)
  const kept =
    found.state === 'read'
      ? { ...found, entries: found.entries.filter(({ name }) => name.endsWith('.md')) }
      : found
  await facts.put(key, kept)
  return kept
}

function runbookOf(text: string | null): Runbook {
  if (text === null) return unreadable('is not text')
  const sections = sectionsOf(text)
  return sections ? { state: 'read', sections } : unreadable('is nested too deeply to be read; simplify it')
}

/** The headings of runbooks by the ids of their blobs; a blob is read once. */
async function keptRunbooks(
  { github }: Reading,
  facts: FactStore,
  pull: PullRef,
  oids: string[],
): Promise<Map<string, Runbook>> {
  const key = (oid: string) => `runbook ${pull.repositoryId} ${oid}`
  const known = await Promise.all(oids.map(async (oid) => [oid, await facts.get<Runbook>(key(oid))] as const))
  const unread = known.flatMap(([oid, runbook]) => (runbook ? [] : [oid]))
  const texts = await readBlobs(github, pull, unread)
  const read = unread.map((oid) => {
    return [oid, runbookOf(texts.get(oid) ?? null)] as const
  })
  for (const [oid, runbook] of read) await facts.put(key(oid), runbook)
  return new Map([...known, ...read].flatMap(([oid, runbook]) => (runbook ? [[oid, runbook]] : [])))
}
