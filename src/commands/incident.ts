import { randomUUID } from 'node:crypto'
import { Command, Option } from 'commander'
import { severities } from '../decision/clocks/clocks.ts'
import { incidentEndPath, incidentPath } from '../server/api-paths.ts'
import { type BotOptions, sendOrder, withBotOptions } from './bot-request.ts'
import { type DatabaseOptions, runDatabaseRequest, withDatabaseOptions } from './database-request.ts'
import { instantOf } from './instant.ts'

/** `incident`: opens incidents, and shows them with their clocks. */
export function incidentCommand(): Command {
  return new Command('incident')
    .addCommand(openCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(endCommand())
    .addCommand(formCommand())
    .addCommand(webhooksCommand())
}

type OpenOptions = BotOptions & { severity?: string; component?: string; since?: string }

function openCommand(): Command {
  const command = new Command('open')
    .description('open an incident')
    .argument('<title>', 'what happened, without the names of customers')
    .option('--severity <severity>', 'P0, P1, P2 or P3; without it P0 counts')
    .option('--component <name>', 'the component that is affected')
    .option('--since <time>', 'when it began, as ISO date and time with an offset (default: now)')
  return withBotOptions(command).action(open)
}

async function open(title: string, options: OpenOptions): Promise<void> {
  const { severity, component, since } = options
  if (severity !== undefined && !severities.some((one) => one === severity.toUpperCase()))
    throw new Error(
      `--severity: ${JSON.stringify(severity)} is not a severity. Use ${severities.join(', ')}.`,
    )
  if (title.trim() === '') throw new Error('The title is empty. Say what happened.')
  const order = {
    id: randomUUID(),
    title,
    severity: severity?.toUpperCase() ?? null,
    component: component ?? null,
    ...(since !== undefined && { since: instantOf('--since', since) }),
  }
  await sendOrder(incidentPath, order, options)
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list the incidents that are not resolved')
    .option('--all', 'resolved ones too')
    .option('--json', 'print each as JSON: its name, title, address, severity, state, start and clocks')
  return withDatabaseOptions(command, '0 none is open, 1 one is, 2 usage error').action(
    (options: DatabaseOptions & { all?: boolean; json?: boolean }) =>
      runDatabaseRequest(
        'incident list',
        { all: options.all === true, json: options.json === true },
        options,
      ),
  )
}

function showCommand(): Command {
  const command = new Command('show')
    .description('show an incident, its clocks and what happened')
    .argument('<incident>', 'its number, or a name like acme/incidents#7')
    .option('--json', 'print it as JSON')
  return withDatabaseOptions(command, '0 shown, 2 there is none').action(
    (name: string, options: DatabaseOptions & { json?: boolean }) =>
      runDatabaseRequest('incident show', { name, json: options.json === true }, options),
  )
}

function endCommand(): Command {
  const command = new Command('end')
    .description('end an incident whose issue was deleted or moved, so that nobody can close it')
    .argument('<incident>', 'its number, or a name like acme/incidents#7')
    .requiredOption('--reason <text>', 'why it is over; the records keep it')
  return withBotOptions(command).action(
    async (incident: string, { reason, ...options }: BotOptions & { reason: string }) => {
      await sendOrder(incidentEndPath, { incident, reason }, options)
    },
  )
}

function formCommand(): Command {
  return new Command('form')
    .description('print the issue form for .github/ISSUE_TEMPLATE/incident.yml of the incident repository')
    .option('--component <name...>', 'the components to choose from')
    .addHelpText('after', '\nExit codes: 0 printed, 2 usage error.')
    .action(async ({ component = [] }: { component?: string[] }) => {
      const { incidentForm } = await import('../setup/incident-form.ts')
      process.stdout.write(incidentForm(component))
    })
}

function webhooksCommand(): Command {
  return new Command('webhooks')
    .description('print what to enter in PagerDuty, Datadog and Zendesk so that they open incidents')
    .option(
      '--url <url>',
      "the bot's address, at which they reach it (default: https://release-gate.example.com)",
    )
    .addOption(new Option('--bot <url>').hideHelp())
    .addHelpText('after', '\nExit codes: 0 printed, 2 usage error.')
    .action(
      async ({ bot, url = bot ?? 'https://release-gate.example.com' }: { url?: string; bot?: string }) => {
        if (!/^https?:\/\//.test(url) || !URL.canParse(url))
          throw new Error(
            `--url: ${JSON.stringify(url)} is not a URL. Example: "https://release-gate.example.com".`,
          )
        const { webhookInstructions } = await import('../setup/incident-form.ts')
        process.stdout.write(webhookInstructions(url))
      },
    )
}
