import { execFileSync } from 'node:child_process'
import { Command } from 'commander'

/** `demo`: a release week on this machine, told as it happens. 0 as told, 1 not as told, 2 it cannot be told here. */
export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'tell a release week on this machine: a local GitHub on real git repositories, and the real bot',
    )
    .option('--keep', 'leave everything running at the end, with its addresses printed')
    .addHelpText(
      'after',
      '\nIt needs git 2.38 or newer, and no network.\n' +
        'Exit codes: 0 everything was as told, 1 something was not, 2 there is no such git.',
    )
    .action(async (options: { keep?: boolean }) => {
      const found = gitVersion()
      if (found === undefined || isOlder(found, [2, 38])) {
        const what = found ? `is ${found.join('.')} here` : 'is not found here'
        process.stderr.write(
          `git: ${what}, and the demo needs 2.38 or newer; install it and run this again.\n`,
        )
        process.exitCode = 2
        return
      }
      // Loaded only here: the bot itself never needs the sandbox.
      const { runDemo } = await import('../sandbox/demo.ts')
      process.exitCode = (await runDemo({ keep: options.keep === true })) ? 0 : 1
    })
}

type Version = [major: number, minor: number]

function gitVersion(): Version | undefined {
  try {
    const said = execFileSync('git', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const [, major, minor] = /(\d+)\.(\d+)/.exec(said) ?? []
    return major && minor ? [Number(major), Number(minor)] : undefined
  } catch {
    return undefined
  }
}

function isOlder([major, minor]: Version, [leastMajor, leastMinor]: Version): boolean {
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}
