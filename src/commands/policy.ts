import { Command } from 'commander'
import { breakLines } from '../decision/line-breaks.ts'
import type { Lock } from '../decision/locked-by.ts'
import { oneLine, terminalLines } from '../decision/markdown.ts'
import { combinePolicies, impossibleIn } from '../policy/combine-policies.ts'
import { impossiblePolicy, type PolicyResult, parsePolicy } from '../policy/policy-file.ts'
import { describePolicy } from '../policy/policy-in-words.ts'
import { organizationPolicyPath } from '../server/api-paths.ts'
import { type FileProblem, formatProblem } from '../yaml/yaml-file.ts'
import { type BotOptions, sendOrder, withBotOptions } from './bot-request.ts'
import { readInput } from './input-file.ts'

type Options = { json?: boolean; organization?: string }

/** `policy check FILE`: 0 valid, 1 invalid, without effect or impossible to pass, 2 a file cannot be read. */
export function policyCommand(): Command {
  const check = new Command('check')
    .description('check whether a file is a valid policy; errors name line and column')
    .argument('<file>', 'for example .github/release-gate.yml')
    .option('--organization <file>', "with the policy of the organization, as a repository's own")
    .option('--json', 'print {"valid","problems","policy"} as JSON; the policy includes its defaults')
    .addHelpText(
      'after',
      '\nExit codes: 0 valid, 1 invalid, impossible to pass, or naming what the\norganization locks, 2 a file cannot be read.',
    )
    .action((file: string, options: Options) => {
      const own = readInput('policy check', file, 'a policy, like .github/release-gate.yml')
      const shared = options.organization === undefined ? undefined : readOrganization(options.organization)
      for (const read of [own, shared]) if (read && 'mistake' in read) return refuse(read.mistake)
      const checked = checkFiles(
        { where: file, ...(own as { text: string }) },
        shared && { where: options.organization ?? '', ...(shared as { text: string }) },
      )
      process.stdout.write(options.json ? asJson(checked) : asText(file, checked))
      process.exitCode = checked.problems.length === 0 ? 0 : 1
    })
  return new Command('policy').addCommand(check).addCommand(acceptCommand())
}

/** `policy accept`, sent to the running bot. 0 done, 1 refused, 2 usage error, 3 the bot cannot be reached. */
function acceptCommand(): Command {
  return withBotOptions(
    new Command('accept')
      .description("accept another .github repository as the one that an organization's policy comes from")
      .argument('<organization>', 'the organization; needs one of its owners')
      .option('--id <repository>', 'the repository by its id; without it, shows which one it is'),
  ).action(accept)
}

async function accept(organization: string, options: BotOptions & { id?: string }): Promise<void> {
  const { id } = options
  if (id !== undefined && !/^[1-9]\d{0,14}$/.test(id))
    throw new Error(`--id: ${JSON.stringify(id)} is not the id of a repository. Without --id, it is shown.`)
  const order = { organization, ...(id !== undefined && { id: Number(id) }) }
  await sendOrder(organizationPolicyPath, order, options)
}

function readOrganization(file: string) {
  return readInput('--organization', file, "the organization's .github/release-gate.yml")
}

function refuse(mistake: string): void {
  process.stderr.write(`${terminalLines(mistake)}\n`)
  process.exitCode = 2
}

type Checked = { result: PolicyResult; problems: FileProblem[]; locked?: Lock[] }
type Written = { text: string; where: string }

function checkFiles(own: Written, shared: Written | undefined): Checked {
  if (!shared) {
    const result = parsePolicy(own.text, own.where)
    const problems = result.ok ? impossiblePolicy(own.text, result.policy, own.where) : result.problems
    return { result, problems }
  }
  const combined = combinePolicies({ own: { ...own, blob: '' }, shared: { ...shared, blob: '' } })
  if (!combined) throw new Error('two files gave no policy')
  const { result, ignored, locked } = combined
  const problems = result.ok ? impossibleIn(combined) : result.problems
  return { result, problems: [...ignored, ...problems], locked }
}

function asJson({ result, problems }: Checked): string {
  const policy = result.ok ? result.policy : null
  return `${JSON.stringify({ valid: problems.length === 0, problems, policy }, null, 2)}\n`
}

/** A problem stays on one line, since editors and terminals make its place clickable. */
function asText(file: string, { result, problems, locked }: Checked): string {
  if (!result.ok || problems.length > 0) return `${problems.map(formatProblem).join('\n')}\n`
  const words = [`${file} is a valid policy.`, ...describePolicy(result.policy, new Date(), locked)]
  const columns = process.stdout.columns ?? 80
  return `${words.flatMap((line) => brokenInto(line, columns)).join('\n')}\n`
}

function brokenInto(line: string, columns: number): string[] {
  const indent = line.startsWith('  ') ? '  ' : ''
  return breakLines(oneLine(line, 5_000), columns, indent, `${indent}  `)
}
