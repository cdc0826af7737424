import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandsIn, helpOf } from './command-run.ts'

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

describe('--help', () => {
  test('lists the commands', async () => {
    const help = await gate('--help')
    expect(help).toMatchObject({ code: 0, err: '' })
    expect(commandsIn(help.out)).toEqual(
      expect.arrayContaining(['start', 'demo', 'window', 'decide', 'policy']),
    )
  })

  test('of each command tells its usage, and its exit codes where it has none below it', async () => {
    const tell = async (...words: string[]): Promise<void> => {
      const help = await helpOf(...words)
      expect(help).toContain(`Usage: release-gate ${words.join(' ')}`)
      const below = commandsIn(help)
      if (below.length === 0) expect(help, words.join(' ')).toMatch(/Exit codes: 0 /)
      for (const name of below) await tell(...words, name)
    }
    for (const name of commandsIn(await helpOf())) await tell(name)
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

test('an error shows what others wrote without what moves the cursor of the terminal', async () => {
  const { code, err } = await gate(
    'window',
    '--policy',
    'x\u001b[2K\u009b1A\u202e',
    '--at',
    '2026-11-25T18:30:00Z',
  )
  expect(code).toBe(2)
  expect(err.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
  const login = await gate('status', '--url', 'http://127.0.0.1:9/\u001b[2K', '--repository', 'a')
  expect(login.err).toMatch(/^release-gate: /)
  expect(login.err.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
})
