import { z } from 'zod'
import { isLoopback } from './addresses.ts'

/**
 * The staging servers configured in the environment. Each server sees only its own variables: a policy names a server,
 * and must not reach any other address or secret of the process.
 */

/** An address to call. It may hold a key, so no problem repeats it. */
export const httpAddress = z.url('is not a URL').refine((url) => {
  if (!URL.canParse(url)) return true
  return /^https?:$/.test(new URL(url).protocol) && !isPlainHttp(url)
}, 'must be https, except on loopback')

const repositories = z
  .string('is not set. List the repositories that may use the server, for example "acme/shop, acme/tools"')
  .transform((text) => text.split(',').map((name) => name.trim().toLowerCase()))
  .refine(
    (names) => names.every((name) => /^[\w.-]+\/([\w.-]+|\*)$/.test(name)),
    'is not a comma-separated list of repositories, for example "acme/shop, acme/tools" or "acme/*"',
  )

const yes = z
  .enum(['yes', 'no'], 'must be yes or no')
  .default('no')
  .transform((word) => word === 'yes')

const own = z.object({
  URL: httpAddress,
  REPOSITORIES: repositories,
  WRITES: yes,
  DECLARED: z.string().optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/\S+$/, 'is not a Postgres URL. Use postgres://USER:PASSWORD@HOST/DATABASE')
    .optional(),
  LEDGER_URL: httpAddress.optional(),
  RECEIPTS_URL: httpAddress.optional(),
  ISSUER: httpAddress.optional(),
})

/** A server's credentials, by the names that `readOperator` expects. */
const credentials = ['TOKEN', 'CLIENT_ID', 'CLIENT_SECRET', 'PRIVATE_KEY', 'KEY_ALGORITHM', 'ISSUER', 'SCOPE']
const elsewhere = ['LEDGER_URL', 'LEDGER_KEY', 'RECEIPTS_URL']

export type StagingServer = {
  name: string
  url: string
  /** Lower case, `owner/name` or `owner/*`. */
  repositories: string[]
  /** Whether the operator allows write calls. */
  writesAllowed: boolean
  /** JSON that describes what its data mirrors. */
  declared: string | undefined
  /** Where row-level security is compared with a policy; any role will do. */
  databaseUrl: string | undefined
  /** For `readOperator`. */
  operator: Record<string, string>
  /** The `SUITE_…` variables, which a suite can read. */
  variables: Map<string, string>
}

export type ServersResult = { servers: Map<string, StagingServer>; problems: string[] }

const variable = /^SERVER_([A-Z][A-Z0-9]*)_(.+)$/

/**
 * Reads every `SERVER_<NAME>_…` of an environment. A server with a problem is left out. Problems name the variable and
 * never repeat its value.
 */
export function readServers(environment: Record<string, string | undefined>): ServersResult {
  const byName = new Map<string, Record<string, string>>()
  for (const [key, value] of Object.entries(environment)) {
    const [, name, rest] = variable.exec(key) ?? []
    if (!name || !rest || !value) continue
    byName.set(name, { ...byName.get(name), [rest]: value })
  }
  const servers = new Map<string, StagingServer>()
  const problems: string[] = []
  for (const [upper, given] of byName) {
    const read = own.safeParse(given)
    const wrong = read.success
      ? []
      : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    const unknown = Object.keys(given)
      .filter((key) => !isKnown(key))
      .map((key) => `${key}: is not a known variable`)
    problems.push(...[...wrong, ...unknown].map((problem) => `SERVER_${upper}_${problem}`))
    if (read.success) servers.set(upper.toLowerCase(), serverOf(upper.toLowerCase(), read.data, given))
  }
  return { servers, problems }
}

function isKnown(key: string): boolean {
  return (
    isKeyAs(key) ||
    key in own.shape ||
    credentials.includes(key) ||
    elsewhere.includes(key) ||
    key.startsWith('SUITE_')
  )
}

/** A key of the ledger that belongs to another tenant, for suites that check what that one must not see. */
function isKeyAs(key: string): boolean {
  return /^LEDGER_KEY_AS_[A-Z][A-Z0-9]{0,29}$/.test(key)
}

function serverOf(name: string, read: z.output<typeof own>, given: Record<string, string>): StagingServer {
  const pick = (keys: string[], prefix: string) =>
    keys.flatMap((key) => (given[key] === undefined ? [] : [[`${prefix}${key}`, given[key]] as const]))
  const exposed = Object.keys(given).filter((key) => key.startsWith('SUITE_'))
  return {
    name,
    url: read.URL,
    repositories: read.REPOSITORIES,
    writesAllowed: read.WRITES,
    declared: read.DECLARED,
    databaseUrl: read.DATABASE_URL,
    operator: Object.fromEntries([
      ...pick(credentials, 'STAGING_'),
      ...pick([...elsewhere, ...Object.keys(given).filter(isKeyAs)], ''),
    ]),
    variables: new Map(pick(exposed, '')),
  }
}

/** Whether a repository may use the server. */
export function isServerAllowed(
  { repositories }: StagingServer,
  { owner, repo }: { owner: string; repo: string },
): boolean {
  const wanted = `${owner}/${repo}`.toLowerCase()
  return repositories.some((entry) => entry === wanted || entry === `${owner.toLowerCase()}/*`)
}

/** Whether traffic to an address is unencrypted: http, except on loopback. */
export function isPlainHttp(url: string): boolean {
  return new URL(url).protocol === 'http:' && !isLoopback(url)
}
