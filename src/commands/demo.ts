import { execFileSync } from 'node:child_process'
import { Command } from 'commander'

/** `demo`: plays a release week on this machine. 0 everything happened as described, 1 something did not, 2 the demo cannot run here. */
export function demoCommand(): Command {
  return new Command('demo')
    .option('--keep', 'keep everything running at the end and print the URLs and tokens')
    .addHelpText(
      'after',
      '\nNeeds git 2.38 or newer. Works offline.\n' +
        'Exit codes: 0 everything happened as described, 1 something did not, 2 the demo cannot run here.',
    )
    .action(async (options: { keep?: boolean }) => {
      const found = gitVersion()
      if (found === undefined || isOlder(found, [2, 38])) {
        const what = found ? `is version ${found.join('.')}` : 'was not found'
        process.stderr.write(`git ${what}. The demo needs git 2.38 or newer.\n`)
        process.exitCode = 2
        return
      }
      // Loaded on demand: the bot itself never needs the sandbox.
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
