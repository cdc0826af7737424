import { type Operator, readOperator } from '../regression/operator.ts'
import { exposedVariables } from '../regression/variables.ts'
import type { StagingTarget } from '../services/mcp.ts'
import { readServers } from '../settings/servers.ts'
import { operatorOf } from './regress-input.ts'
import type { ServerOptions } from './server-options.ts'
import { cliTarget } from './server-target.ts'

export type RunbookServer = {
  target: StagingTarget
  operator: Operator
  variables: ReadonlyMap<string, string>
  secrets: string[]
}

/** The server that `--server` names: one of the environment by its name, else an address or a command as for `regress`. */
export function runbookServer(options: ServerOptions): RunbookServer {
  if (/^[a-z][a-z0-9]{0,29}$/.test(options.server)) return serverNamed(options.server)
  const operator = operatorOf()
  const { target, secrets } = cliTarget(options, operator)
  return {
    target,
    operator,
    variables: exposedVariables(process.env),
    secrets: [...operator.secrets, ...secrets],
  }
}

function serverNamed(name: string): RunbookServer {
  const { servers, problems } = readServers(process.env)
  const prefix = `SERVER_${name.toUpperCase()}_`
  const own = problems.filter((problem) => problem.startsWith(prefix))
  if (own.length > 0) throw new Error(`--server: ${own.join('; ')}`)
  const server = servers.get(name)
  if (!server)
    throw new Error(
      `--server: no server ${name} is configured; set ${prefix}URL and the others, or give an address. A command in this folder is ./${name}.`,
    )
  const read = readOperator(server.operator)
  if (!read.ok) throw new Error(`--server: the variables ${prefix}… are invalid: ${read.message}`)
  const { operator } = read
  const target = { kind: 'http' as const, url: server.url, login: operator.login, transport: 'auto' as const }
  return { target, operator, variables: server.variables, secrets: operator.secrets }
}
