import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Command } from 'commander'

/** `demo`: plays a release week on this machine. 0 everything happened as described, 1 something did not, 2 the demo cannot run here. */
export function demoCommand(): Command {
  return new Command('demo')
    .option('--keep', 'keep everything running at the end; prints URLs, tokens and how to move the clock')
    .addHelpText(
      'after',
      '\nNeeds git 2.38 or newer. Works offline.\n' +
        'Exit codes: 0 everything happened as described, 1 something did not,\n2 the demo cannot run here.',
    )
    .action(async (options: { keep?: boolean }) => {
      const missing = whatIsMissing()
      if (missing !== undefined) {
        process.stderr.write(`${missing}\n`)
        process.exitCode = 2
        return
      }
      // Printed before anything is loaded: the sandbox and the bot take seconds to start.
      process.stdout.write(`${introduction}\n`)
      // Loaded on demand: the bot itself never needs the sandbox.
      const { runDemo } = await import('../sandbox/demo.ts')
      process.exitCode = (await runDemo({ keep: options.keep === true })) ? 0 : 1
    })
}

const introduction =
  'A release week with the real bot and a simulated GitHub, in about a minute.\nIt needs no account and no network. The demo moves the clock.'

/** The production image contains no sandbox, and no git. */
function whatIsMissing(): string | undefined {
  if (import.meta.url.endsWith('.ts') && !existsSync(new URL('../sandbox/demo.ts', import.meta.url)))
    return 'The demo is not part of this installation, because the container image does not contain the sandbox. Run it from a checkout of the repository: `npm ci`, then `npm run demo`.'
  const found = gitVersion()
  if (found !== undefined && !isOlder(found, [2, 38])) return undefined
  return `git ${found ? `is version ${found.join('.')}` : 'was not found'}. The demo needs git 2.38 or newer.`
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
