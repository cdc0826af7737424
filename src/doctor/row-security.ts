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
 * How row-level security differs from what the policies declare. `before` are the findings of the last run: those of a database
 * that cannot be read now are carried over, so that nobody reads that they are fixed.
 */
export async function rowSecurityDiagnoses(
  policies: readonly KeptPolicy[],
  servers: Servers,
  before: readonly Diagnosis[],
): Promise<Diagnosis[]> {
  const found: Diagnosis[] = []
  for (const { owner, repo, text } of policies) {
    const read = parsePolicy(text)
    const declared = read.ok ? read.policy.row_security : undefined
    if (!declared) continue
    const repository = `${owner}/${repo}`
    const now = await diagnosesOf({ owner, repo }, declared, servers)
    const carried = before.filter((one) => one.rule === rule && one.repository === repository)
    found.push(...now, ...(now.some((one) => one.rule === unreadable) ? carried : []))
  }
  return found
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
