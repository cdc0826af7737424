import { plural } from '../decision/markdown.ts'
import { type RowSecuritySettings, rowSecurityDrift } from '../decision/row-security.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { readRowSecurity } from '../services/row-security.ts'
import { isServerAllowed, type StagingServer } from '../settings/servers.ts'
import type { KeptPolicy } from '../store/policies.ts'
import type { Diagnosis } from './diagnosis.ts'

const rule = 'row-security'
const unreadable = 'row-security-unreadable'

type Servers = ReadonlyMap<string, StagingServer>

/**
 * How row-level security differs from what the policies declare. `before` are the findings of the last run: those of a database that
 * cannot be read now, or that a policy no longer declares, are carried over, so that nobody reads that they are fixed. `known`: every
 * repository that has or had a policy.
 */
export async function rowSecurityDiagnoses(
  policies: readonly KeptPolicy[],
  servers: Servers,
  before: readonly Diagnosis[],
  known: readonly Pick<KeptPolicy, 'owner' | 'repo'>[] = policies,
): Promise<Diagnosis[]> {
  const found: Diagnosis[] = []
  const compared = new Set<string>()
  for (const { owner, repo, text } of policies) {
    const read = parsePolicy(text)
    const declared = read.ok ? read.policy.row_security : undefined
    if (!declared) continue
    const repository = `${owner}/${repo}`
    compared.add(repository)
    const now = await diagnosesOf({ owner, repo }, declared, servers)
    const carried = before.filter((one) => one.rule === rule && one.repository === repository)
    found.push(...now, ...(now.some((one) => one.rule === unreadable) ? carried : []))
  }
  const names = new Set(known.map(({ owner, repo }) => `${owner}/${repo}`))
  return [...found, ...[...names.difference(compared)].flatMap((name) => noLongerCompared(name, before))]
}

const undeclared = 'declaration'

function noLongerCompared(repository: string, before: readonly Diagnosis[]): Diagnosis[] {
  const carried = before.filter(
    (one) =>
      one.repository === repository &&
      (one.rule === rule || (one.rule === unreadable && one.about !== undeclared)),
  )
  const open = carried.filter((one) => one.rule === rule).length
  if (open === 0) return []
  const what = `Row-level security is no longer compared: the policy has no \`row_security\`. ${plural(open, 'difference')} ${open === 1 ? 'was' : 'were'} open.`
  const fix = 'Declare the tables again under `row_security`.'
  return [{ severity: 'warning', repository, rule: unreadable, about: undeclared, what, fix }, ...carried]
}

async function diagnosesOf(
  { owner, repo }: { owner: string; repo: string },
  declared: RowSecuritySettings,
  servers: Servers,
): Promise<Diagnosis[]> {
  const repository = `${owner}/${repo}`
  const blind = (what: string, fix: string): Diagnosis[] => [
    { severity: 'warning', repository, rule: unreadable, about: declared.server, what, fix },
  ]
  const server = servers.get(declared.server)
  const variable = `SERVER_${declared.server.toUpperCase()}_DATABASE_URL`
  if (!server?.databaseUrl || !isServerAllowed(server, { owner, repo }))
    return blind(
      `Row-level security is not compared: the operator allows no database of the server ${declared.server}.`,
      `Set ${variable}, and list the repository in SERVER_${declared.server.toUpperCase()}_REPOSITORIES.`,
    )
  try {
    const tables = declared.tables.map(({ table }) => table)
    const actual = await readRowSecurity(server.databaseUrl, { schemas: declared.schemas, tables })
    return rowSecurityDrift(declared, actual).map(({ about, what }) => ({
      ...{ severity: 'error' as const, repository, rule, about, what },
      fix: 'Change the database, or the declaration under `row_security`.',
    }))
  } catch {
    // What the driver says may hold the address, which has a password.
    return blind(
      `Row-level security is not compared: the database of the server ${declared.server} cannot be read.`,
      `Check ${variable}.`,
    )
  }
}
