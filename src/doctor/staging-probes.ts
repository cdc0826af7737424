import type { StagingServer } from '../settings/servers.ts'
import type { Probe } from './probes.ts'

/** Whether each configured staging server speaks MCP and accepts its login. No tool is called. */
export function stagingProbes(servers: ReadonlyMap<string, StagingServer>): Probe[] {
  return [...servers.values()].map((server) => ({
    name: `staging server ${server.name}`,
    run: () => connectTo(server),
  }))
}

async function connectTo({ url, operator: variables }: StagingServer): Promise<string> {
  const [{ openStaging }, { readOperator }] = await Promise.all([
    import('../services/mcp.ts'),
    import('../regression/operator.ts'),
  ])
  const read = readOperator(variables)
  if (!read.ok) throw new Error(read.message)
  const target = { kind: 'http' as const, url, login: read.operator.login, transport: 'auto' as const }
  const opened = await openStaging(target, { timeout: 5_000, maxBytes: 1_000_000 })
  if (!opened.ok) throw new Error(opened.fault.message)
  const { name, version } = opened.session.server
  await opened.session.close()
  return `Connected to ${name} ${version}.`
}
