import { type Command, Option } from 'commander'

export type ServerOptions = {
  server: string
  transport: 'auto' | 'http' | 'sse'
  passEnv?: string[]
  header?: string[]
  query?: string[]
}

/** The options that say which server is meant and how to reach it. */
export function withServerOptions(command: Command, isRequired = true): Command {
  const what = 'the address of the server, or a command in quotes that speaks MCP on stdio'
  return command
    .addOption(new Option('--server <url|command>', what).makeOptionMandatory(isRequired))
    .addOption(
      new Option('--transport <kind>', 'the transport for an address')
        .choices(['auto', 'http', 'sse'])
        .default('auto'),
    )
    .option(
      '--header <name=value...>',
      "send a header with each request to the server: --header 'X-Api-Key=$KEY' takes the value from the environment",
    )
    .option('--query <name=value...>', 'add a query parameter to the address, written in the same way')
    .option('--pass-env <name...>', 'environment variables that a command can see')
}

export type ContractTarget = ServerOptions & { elicitation: 'none' | 'defaults' }
