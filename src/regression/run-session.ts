import type { StagingSession, ToolListing } from '../services/mcp.ts'
import { type CallerOptions, isSessionEnded, runStopped } from './calls.ts'
import { type Versions, versionsOf } from './contract-check.ts'
import type { Gathered } from './gathered.ts'
import { outputBeforeProtocol } from './output-before-protocol.ts'
import type { RunInput } from './run-input.ts'

/** Opens the session of a run. Stops the run if the server is unreachable or has another version. */
export async function connect(input: RunInput, gathered: Gathered): Promise<StagingSession> {
  const opened = await input.open(input.signal)
  if (!opened.ok) {
    throw runStopped(opened.fault.message + outputBeforeProtocol(input.redactor.text(opened.stderr)))
  }
  const { session } = opened
  gathered.server = session
  if (input.expectVersion === undefined || session.server.version === input.expectVersion) return session
  await session.close()
  throw runStopped(`the server reports version ${session.server.version}, not ${input.expectVersion}`)
}

/** Asks the server for every protocol version of the last release. A version that could not be asked for is in neither list. */
export async function askVersions(
  { protocolVersion }: StagingSession,
  { baseline, speaks }: Pick<RunInput, 'baseline' | 'speaks'>,
): Promise<Versions> {
  const [spoken, asked] = [[protocolVersion], [protocolVersion]]
  for (const version of baseline ? versionsOf(baseline) : []) {
    if (version === protocolVersion) continue
    const answer = await speaks?.(version)
    if (answer === undefined) continue
    asked.push(version)
    if (answer) spoken.push(version)
  }
  return { spoken, asked }
}

/** Reads the list, in a new session if the server ends this one meanwhile. */
export async function list(
  session: StagingSession,
  { reopen, onSessionEnded }: Pick<CallerOptions, 'reopen' | 'onSessionEnded'>,
): Promise<ToolListing> {
  let listed = await session.listTools()
  if (!listed.ok && isSessionEnded(listed.outcome)) {
    onSessionEnded?.()
    await session.close()
    listed = (await (await reopen())?.listTools()) ?? listed
  }
  if (listed.ok) return listed.listing
  const why = 'message' in listed.outcome ? listed.outcome.message : listed.outcome.kind
  throw runStopped(`tools/list could not be read: ${why}`)
}
