import { isDeepStrictEqual } from 'node:util'
import type { ListedTool, StagingSession, ToolListing } from '../services/mcp.ts'
import { type RunStopped, runStopped } from './calls.ts'
import { sameJson } from './exact.ts'
import type { RunInput } from './run-input.ts'
import { list } from './run-session.ts'

/** The server must stay the same from the first call to the last, since a change in between makes the evidence worthless. */

export function changedMeanwhile(what: readonly string[]): RunStopped {
  return runStopped(`the server changed during the run: ${[...new Set(what)].join('; ')}`)
}

type Self = Pick<StagingSession, 'server' | 'protocolVersion' | 'capabilities'>

/** How a server's description of itself in a later session differs from the first. */
export function differences(first: Self, next: Self): string[] {
  const name = ({ server }: Self) => `${server.name} ${server.version}`
  return [
    ...(name(first) === name(next) ? [] : [`${name(first)}, then ${name(next)}`]),
    ...(first.protocolVersion === next.protocolVersion
      ? []
      : [`protocol ${first.protocolVersion}, then ${next.protocolVersion}`]),
    ...capabilityChanges(Object(first.capabilities), Object(next.capabilities)),
  ]
}

function capabilityChanges(first: Record<string, unknown>, next: Record<string, unknown>): string[] {
  const names = [...new Set([...Object.keys(first), ...Object.keys(next)])]
  return names
    .filter((name) => !isDeepStrictEqual(first[name], next[name]))
    .map((name) => {
      if (!Object.hasOwn(next, name)) return `the capability ${name} is gone`
      return `the capability ${name} ${Object.hasOwn(first, name) ? 'changed' : 'was added'}`
    })
}

type Reopening = Parameters<typeof list>[1]

/** Reads the list again as soon as the server announces a change, and always at the end. */
export function listWatcher(first: ToolListing) {
  const heard = new WeakMap<StagingSession, number>()
  const confirm = async (session: StagingSession, reopening: Reopening): Promise<void> => {
    const changes = listChanges(first.tools, (await list(session, reopening)).tools)
    if (changes.length > 0) throw changedMeanwhile(changes)
  }
  return {
    async ifAnnounced(session: StagingSession): Promise<void> {
      const announced = session.announced()
      if (announced === (heard.get(session) ?? 0)) return
      heard.set(session, announced)
      await confirm(session, { reopen: async () => undefined })
    },
    atEnd: confirm,
    inOther: (session: StagingSession) => confirm(session, { reopen: async () => undefined }),
  }
}

/** By name, since some servers list their tools in no fixed order. */
function listChanges(first: readonly ListedTool[], next: readonly ListedTool[]): string[] {
  const [old, now] = [first, next].map((tools) => Map.groupBy(tools, ({ name }) => name))
  const names = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])]
  return names
    .filter((name) => !sameJson(old?.get(name), now?.get(name)))
    .map((name) => {
      if (!now?.has(name)) return `the tool ${name} is no longer listed`
      return `the tool ${name} ${old?.has(name) ? 'is listed differently' : 'was added to the list'}`
    })
}

/**
 * Confirms the identity of the server and its list in a new session, which another instance behind the same address may answer: many
 * servers never change their version.
 */
export async function confirmInNewSession(
  input: RunInput,
  first: Self,
  confirmList: (session: StagingSession) => Promise<void>,
): Promise<void> {
  const opened = await input.open(input.signal)
  if (!opened.ok) throw runStopped(`the server was gone at the end of the run: ${opened.fault.message}`)
  const { session } = opened
  try {
    const found = differences(first, session)
    if (found.length > 0) throw changedMeanwhile(found)
    await confirmList(session)
  } finally {
    await session.close()
  }
}
