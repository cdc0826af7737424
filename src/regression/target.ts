import { parseArgsStringToArgv } from 'string-argv'
import type { Login, StagingTarget } from '../services/mcp.ts'

/**
 * The target of `--server`: an address, or a command to start. Only the command line can start commands; the bot accepts only
 * addresses from the operator.
 */
export function targetOf(
  server: string,
  login: Login,
  options: { transport?: 'auto' | 'http' | 'sse'; environment?: Record<string, string> } = {},
): StagingTarget | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(server)) {
    if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) return undefined
    return { kind: 'http', url: server, login, transport: options.transport ?? 'auto' }
  }
  const [file, ...args] = parseArgsStringToArgv(server)
  if (file === undefined) return undefined
  const env = options.environment
  return { kind: 'stdio', command: { file, args, ...(env ? { env } : {}) } }
}
