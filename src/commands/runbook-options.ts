import type { Command } from 'commander'
import { type ServerOptions, withServerOptions } from './server-options.ts'

export type RunOptions = ServerOptions & {
  reads?: string[]
  drill?: boolean
  repository?: string
  url?: string
  out?: string
  json?: boolean
}

/** The options that every runbook has. */
export function withRunOptions(command: Command): Command {
  return withServerOptions(command, false)
    .option('--runbooks <folder>', 'the folder with the runbooks', 'docs/runbooks')
    .option('--reads <tool...>', 'tools that only read, for a server that gives no hints')
    .option('--drill', 'take the values for a drill instead of options')
    .option(
      '--repository <owner/name>',
      'whose records it belongs to, if the bot serves several organizations',
    )
    .option('--url <url>', "the bot's address, to record it (default: http://HOST:PORT from the environment)")
    .option('--out <file>', 'write the evidence to this file instead of recording it')
    .option('--json', 'print the evidence as JSON')
    .addHelpText(
      'after',
      `
--server can also be the name of a server in the environment
(SERVER_<NAME>_URL).
Exit codes: 0 passed, 1 failed, 2 usage error, 3 inconclusive.`,
    )
}
