import { z } from 'zod'
import { parseJson, plain, type StagingSession, type ToolListing } from '../services/mcp.ts'
import type { Redactor } from './redaction.ts'

/** The stored `tools/list` of a release: raw, with everything that the list may depend on. */
const baselineSchema = z.strictObject({
  version: z.literal(1),
  recordedAt: z.iso.datetime(),
  server: z.strictObject({ name: z.string(), version: z.string() }),
  protocolVersion: z.string(),
  capabilities: z.unknown(),
  pinned: z.strictObject({ capabilities: z.record(z.string(), z.unknown()), login: z.string() }),
  tools: z.array(z.looseObject({ name: z.string() })),
  /** The protocol versions that the run confirmed, including its own. */
  spoken: z.array(z.string()).default([]),
  /** The versions that it asked for, supported or not. */
  asked: z.array(z.string()).default([]),
  /** p95 in milliseconds by tool, for the chart against the last release. */
  latency: z.record(z.string(), z.preprocess(plain, z.number())).default({}),
  /** What validating clients rejected then, of the list and of the answers. */
  refused: z.array(z.string()).default([]),
})
export type Baseline = z.output<typeof baselineSchema>

/** The protocol versions that a server is known to support, and those that it was asked for. */
export type Versions = { spoken: readonly string[]; asked: readonly string[] }

/** Every version that the server of a stored list supported. */
export function versionsOf({ protocolVersion, spoken }: Baseline): string[] {
  return [...new Set([protocolVersion, ...spoken])].filter((version) => version !== '')
}

/** What to store from a session as the next baseline. Redacted, since descriptions and defaults come from the server. */
export function baselineOf(
  session: StagingSession,
  listing: ToolListing,
  redactor: Redactor,
  now: Date,
  { spoken, asked }: Versions = { spoken: [session.protocolVersion], asked: [session.protocolVersion] },
): Baseline {
  return {
    version: 1,
    recordedAt: now.toISOString(),
    server: session.server,
    protocolVersion: session.protocolVersion,
    capabilities: redactor.value(session.capabilities),
    pinned: session.pinned,
    tools: redactor.value(listing.tools) as Baseline['tools'],
    spoken: [...spoken],
    asked: [...asked],
    latency: {},
    refused: [],
  }
}

/** Reads a list as it is stored, its numbers as the server wrote them. */
export function storedList(text: string): Baseline {
  return baselineSchema.parse(parseJson(text))
}

/** Reads a baseline file: one of ours, or a bare `tools/list` result, so that any two lists can be compared. */
export function readBaseline(text: string): Baseline | undefined {
  let data: unknown
  try {
    data = parseJson(text)
  } catch {
    return undefined
  }
  const own = baselineSchema.safeParse(data)
  if (own.success) return own.data
  const bare = z.looseObject({ tools: baselineSchema.shape.tools }).safeParse(data)
  if (!bare.success || 'version' in bare.data) return undefined
  return {
    version: 1,
    recordedAt: new Date(0).toISOString(),
    server: { name: '', version: '' },
    protocolVersion: '',
    capabilities: undefined,
    pinned: { capabilities: {}, login: 'none' },
    tools: bare.data.tools,
    spoken: [],
    asked: [],
    latency: {},
    refused: [],
  }
}
