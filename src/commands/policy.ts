import { Command } from 'commander'
import { parsePolicy } from '../policy-file.ts'
import { formatProblem } from '../yaml-file.ts'
import { readInput } from './input-file.ts'

/** `policy check FILE`: 0 the file is a valid policy, 1 it is not, 2 it cannot be read. */
export function policyCommand(): Command {
  const check = new Command('check')
    .description('say whether a file is a valid policy; each error has its line and column')
    .argument('<file>', 'such as .github/release-gate.yml')
    .option('--json', 'print {"valid","problems","policy"} as JSON; the policy is shown with its defaults')
    .addHelpText('after', '\nExit codes: 0 valid, 1 not valid, 2 the file cannot be read.')
    .action((file: string, options: { json?: boolean }) => {
      const read = readInput('<file>', file, 'a policy, like .github/release-gate.yml')
      if ('mistake' in read) {
        process.stderr.write(`${read.mistake}\n`)
        process.exitCode = 2
        return
      }
      const result = parsePolicy(read.text, file)
      const problems = result.ok ? [] : result.problems
      if (options.json) {
        const policy = result.ok ? result.policy : null
        process.stdout.write(`${JSON.stringify({ valid: result.ok, problems, policy }, null, 2)}\n`)
      } else {
        const lines = result.ok ? [`${file} is a valid policy.`] : problems.map(formatProblem)
        process.stdout.write(`${lines.join('\n')}\n`)
      }
      process.exitCode = result.ok ? 0 : 1
    })
  return new Command('policy').description('check policy files').addCommand(check)
}
