import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

type Ran = { code: number; out: string; err: string }

/** The command line as a user's shell runs it, in a folder without `.env` and with nothing of ours in its environment. */
function gate(...words: string[]): Promise<Ran> {
  return run([], words)
}

function run(flags: string[], words: string[]): Promise<Ran> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production' }
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...flags, join(root, 'src/main.ts'), ...words],
      { cwd: tmpdir(), env },
      (error, out, err) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    )
  })
}

const listed = (help: string) =>
  [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map(([, name]) => name ?? '')
    .filter((name) => name !== 'help')
const help = await gate('--help')

describe.concurrent('--help', () => {
  test('lists the commands', () => {
    expect(help).toMatchObject({ code: 0, err: '' })
    expect(listed(help.out)).toEqual(expect.arrayContaining(['start', 'demo', 'window', 'decide', 'policy']))
  })

  test.each(listed(help.out))('of %s tells what it does, its options and its exit codes', async (name) => {
    const { code, out, err } = await gate(name, '--help')
    const whole = out.includes('Commands:')
      ? out + (await gate(name, listed(out)[0] ?? '', '--help')).out
      : out
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(`Usage: release-gate ${name}`)
    expect(whole).toMatch(/Exit codes: 0 /)
  })
})

describe.concurrent('a usage error ends with 2, on stderr, and prints no answer', () => {
  test.each<[string, string[], RegExp]>([
    ['an unknown command', ['windw'], /unknown command 'windw'[\s\S]*Did you mean window\?/],
    ['an unknown option', ['window', '--att', 'x'], /unknown option '--att'[\s\S]*Did you mean --at\?/],
    ['an unknown option of a command below', ['policy', 'check', 'x', '--jsn'], /unknown option '--jsn'/],
    ['an option without its value', ['window', '--at'], /'--at <time>' argument missing/],
    ['a needed option left out', ['clocks', 'P1'], /required option '--since <time>' not specified/],
    ['a needed file left out', ['policy', 'check'], /missing required argument 'file'/],
    ['words too many', ['demo', 'quickly'], /too many arguments/],
    ['no command', [], /Usage: release-gate/],
    ['a command of commands alone', ['policy'], /Usage: release-gate policy/],
    ['no settings', ['start'], /release-gate cannot start:\n {2}APP_ID: is not set/],
  ])('%s', async (_, words, says) => {
    const { code, out, err } = await gate(...words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(says)
  })
})

describe.concurrent('only what a command needs is loaded', () => {
  const print = `import { registerHooks } from 'node:module'
    registerHooks({ load(url, context, next) { if (url.includes('/src/')) console.log(url); return next(url, context) } })`

  /** The files of ours that a process loads, in order. */
  async function loaded(...words: string[]): Promise<string[]> {
    const { out } = await run(['--import', `data:text/javascript,${encodeURIComponent(print)}`], words)
    return [...out.matchAll(/^file:.*\/src\/(.*)$/gm)].map(([, file]) => file ?? '')
  }

  const regress = ['main.ts', 'commands/program.ts', 'commands/regress.ts', 'commands/server-options.ts']

  test.each([
    [['--help'], ['main.ts', 'commands/program.ts']],
    [['--version'], ['main.ts', 'commands/program.ts']],
    [['windw'], ['main.ts', 'commands/program.ts']],
    [['regress', '--help'], regress],
    [['help', 'regress'], regress],
  ])('%s', async (words, files) => {
    expect(await loaded(...words)).toEqual(files)
  })
})

test('the answer itself is the exit code of `window`', async () => {
  const [open, closed] = await Promise.all([
    gate('window', '--at', '2026-11-25T18:30:00Z', '--json'),
    gate('window', '--at', '2026-11-25T19:30:00Z', '--json'),
  ])
  expect([open.code, JSON.parse(open.out).open]).toEqual([0, true])
  expect([closed.code, JSON.parse(closed.out).open]).toEqual([1, false])
})
