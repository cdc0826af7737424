import { Command } from 'commander'
import { impossiblePolicy, type PolicyResult, parsePolicy } from '../policy/policy-file.ts'
import { describePolicy } from '../policy/policy-in-words.ts'
import { type FileProblem, formatProblem } from '../yaml/yaml-file.ts'
import { readInput } from './input-file.ts'

/** `policy check FILE`: 0 valid, 1 invalid or impossible to pass, 2 the file cannot be read. */
export function policyCommand(): Command {
  const check = new Command('check')
    .description('check whether a file is a valid policy; errors name line and column')
    .argument('<file>', 'for example .github/release-gate.yml')
    .option('--json', 'print {"valid","problems","policy"} as JSON; the policy includes its defaults')
    .addHelpText(
      'after',
      '\nExit codes: 0 valid, 1 invalid or impossible to pass, 2 the file cannot be read.',
    )
    .action((file: string, options: { json?: boolean }) => {
      const read = readInput('policy check', file, 'a policy, like .github/release-gate.yml')
      if ('mistake' in read) {
        process.stderr.write(`${read.mistake}\n`)
        process.exitCode = 2
        return
      }
      const result = parsePolicy(read.text, file)
      const problems = result.ok ? impossiblePolicy(read.text, result.policy, file) : result.problems
      const words = result.ok && problems.length === 0 ? describePolicy(result.policy, new Date()) : []
      process.stdout.write(options.json ? asJson(result, problems) : asText(file, problems, words))
      process.exitCode = problems.length === 0 ? 0 : 1
    })
  return new Command('policy').addCommand(check)
}

function asJson(result: PolicyResult, problems: FileProblem[]): string {
  const policy = result.ok ? result.policy : null
  return `${JSON.stringify({ valid: problems.length === 0, problems, policy }, null, 2)}\n`
}

function asText(file: string, problems: FileProblem[], words: string[]): string {
  const lines = problems.length === 0 ? [`${file} is a valid policy.`, ...words] : problems.map(formatProblem)
  return `${lines.join('\n')}\n`
}
