import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { runbookCommand } from '../../src/commands/runbook.ts'
import { runRunbook } from '../../src/commands/runbook-action.ts'
import { issueReward } from '../../src/sandbox/staging/rewards.ts'
import { type Staging, sandboxDiner, startStaging } from '../../src/sandbox/staging/start.ts'
import { verifyChain } from '../../src/store/audit/verify.ts'
import { readRecords } from '../../src/store/audit.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { keepListed } from '../../src/store/hourly-checks.ts'
import { aBarePglite, aFolder, aPostgresUrl } from '../support/databases.ts'
import { runCommand } from './command-run.ts'

/** Runbooks as an engineer runs them, against the sandbox's reward server, with its ledger and its chain. */

const examples = resolve(import.meta.dirname, '../../examples/runbooks')
const home = process.cwd()
let database: PGlite
let staging: Staging
let folder: string
let tx: string

beforeAll(async () => {
  database = await aBarePglite()
  staging = await startStaging({ database, version: 'head-1' })
  const issue = { diner_wallet: sandboxDiner, restaurant_id: 'r-1', amount: 100, idempotency_key: 'k1' }
  tx = (await issueReward(database, issue, { current: {}, calls: 0 })).tx_hash
})
// What is not recorded is written into the folder where the command runs.
beforeEach(async () => {
  folder = await aFolder()
  process.chdir(folder)
})
afterEach(() => {
  process.chdir(home)
  staging.setModes({})
})
afterAll(async () => {
  await staging.close()
  await database.close()
})

const operator = () => ({
  SERVER_STAGING_URL: staging.url,
  SERVER_STAGING_REPOSITORIES: 'foodyepay/*',
  SERVER_STAGING_TOKEN: 'canary-token-12345678',
  SERVER_STAGING_LEDGER_URL: staging.ledger.url,
  SERVER_STAGING_LEDGER_KEY: staging.ledger.key,
  SERVER_STAGING_RECEIPTS_URL: staging.receiptsUrl,
  SERVER_STAGING_SUITE_DINER: sandboxDiner,
})
const run = (words: string[], env: Record<string, string> = {}) =>
  runCommand(runbookCommand(), ['run', ...words, '--runbooks', examples, '--server', 'staging'], {
    ...operator(),
    ...env,
  })
const failure = (words: string[]) => run(words).then(String, (error: Error) => error.message)
const written = async () => {
  const [file = ''] = (await readdir(folder)).filter((name) => name.startsWith('runbook-'))
  return JSON.parse(await readFile(join(folder, file), 'utf8'))
}

describe('the runbooks of the reward server', () => {
  test('issuance: the receipt on Base and the entry in the ledger, as evidence in a file', async () => {
    const { out, err, code } = await run(['reward-issuance', '--tx', tx])
    expect({ err, code }).toEqual({
      err: expect.stringMatching(/^The evidence is in runbook-reward-issuance-\S+\.json\.\n$/),
      code: 0,
    })
    expect(out).toContain('Runbook reward-issuance on foodyepay-rewards head-1: passed')
    expect(out).toContain('✅ the transaction succeeded on Base')
    expect(out).toContain('receipt success')
    expect(out).toContain('1 row in reward_ledger')
    expect(out).toContain('"status":"issued","amount":"100"')
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/)
    expect(await written()).toMatchObject({
      runbook: 'reward-issuance',
      verdict: 'passed',
      variables: { tx },
      hash,
      drill: false,
    })
  })

  test('issuance of a transaction that nobody knows fails, and runs every step all the same', async () => {
    const { out, code } = await run(['issue_reward', '--tx', `0x${'0'.repeat(64)}`])
    expect(code).toBe(1)
    expect(out).toMatch(/❌ the transaction succeeded on Base[\s\S]*expected success, found pending/)
    expect(out).toMatch(/❌ the ledger has one entry for it[\s\S]*expected 1 rows, found 0 rows/)
  })

  test('eligibility: the wallet, the tool again, and the log in Supabase', async () => {
    const { out, code } = await run(['reward-eligibility', '--wallet', sandboxDiner])
    expect(code).toBe(0)
    expect(out).toContain('answer: {"eligible":true}')
    expect(out).toMatch(/✅ the log in Supabase has the call[\s\S]*"answer":"true"/)
  })

  test('statistics: reconciled with the ledger and with the daily export', async () => {
    await writeFile('rewards.csv', 'status,amount\nissued,60\nissued,40\nvoid,7\n')
    const { out, code } = await run(['reward-statistics', '--export', 'rewards.csv'])
    expect(out).toContain('the tool tells 100, the sum of amount in rewards.csv 100')
    expect(code).toBe(0)
    await writeFile('rewards.csv', 'status,amount\nissued,60\n')
    expect((await run(['reward-statistics', '--export', 'rewards.csv'])).code).toBe(1)
  })

  test('each works as a drill, without any value given', async () => {
    for (const name of ['reward-eligibility', 'reward-issuance', 'reward-statistics']) {
      const { code } = await run([name, '--drill', '--json'])
      expect({ name, code }).toEqual({ name, code: 0 })
    }
  })

  test('prints JSON alone on stdout, without credentials', async () => {
    const { out, err } = await run(['reward-issuance', '--tx', tx, '--json'])
    expect(JSON.parse(out)).toMatchObject({ verdict: 'passed', steps: [{ verdict: 'passed' }, {}] })
    expect(out + err + JSON.stringify(await written())).not.toMatch(/canary-token|sb_publishable/)
  })
})

describe('what cannot be known', () => {
  test('a server that cannot be reached is inconclusive, and says so in the evidence', async () => {
    const { out, code } = await run(['reward-eligibility', '--wallet', sandboxDiner], {
      SERVER_STAGING_URL: 'http://127.0.0.1:1/mcp',
    })
    expect(code).toBe(3)
    expect(out).toMatch(/inconclusive[\s\S]*Stopped: /)
    expect(await written()).toMatchObject({ verdict: 'inconclusive', steps: [] })
  })

  test('a ledger and a chain that nobody configured are inconclusive, step by step', async () => {
    const { out, code } = await run(['reward-issuance', '--tx', tx], {
      SERVER_STAGING_LEDGER_URL: '',
      SERVER_STAGING_LEDGER_KEY: '',
      SERVER_STAGING_RECEIPTS_URL: '',
    })
    expect(code).toBe(3)
    expect(out).toContain('no chain endpoint is configured')
    expect(out).toContain('no ledger is configured')
  })

  test('secrets in an answer are hidden', async () => {
    staging.setModes({ leaking: true })
    const { out } = await run(['reward-eligibility', '--wallet', sandboxDiner])
    expect(out + JSON.stringify(await written())).not.toContain('sb_secret_')
  })
})

describe('a mistake is explained', () => {
  test.each([
    [
      'a runbook that is not there',
      ['reward-isuance'],
      /has no runbook reward-isuance with steps to run; did you mean reward-issuance/,
    ],
    ['a variable that is missing', ['reward-issuance'], /required option '--tx <value>' not specified/],
    ['a value that does not match', ['reward-issuance', '--tx', '0x1'], /--tx: "0x1" does not match 0x/],
    [
      'an option that nobody knows',
      ['reward-issuance', '--tx', '0x1', '--wallet', 'x'],
      /unknown option '--wallet'/,
    ],
    ['options before the name', ['--tx', '0x1', 'reward-issuance'], /begin with the name/],
    [
      'another server',
      ['reward-issuance', '--tx', '0x1', '--server', 'production'],
      /no server production is configured; set SERVER_PRODUCTION_URL/,
    ],
  ])('%s', async (_, words, message) => {
    const said = words.includes('production')
      ? await runCommand(
          runbookCommand(),
          ['run', 'reward-issuance', '--tx', tx, '--runbooks', examples, '--server', 'production'],
          operator(),
        ).then(String, (error: Error) => error.message)
      : await failure(words)
    expect(said).toMatch(message)
    expect(await readdir(folder)).toEqual([])
  })

  test('--help lists the variables of the runbook', async () => {
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    try {
      await expect(runRunbook(['reward-issuance', '--help'], examples)).rejects.toThrow()
      expect(out.mock.calls.join('')).toMatch(/--tx <value> +the hash of the transaction/)
    } finally {
      out.mockRestore()
    }
  })
})

describe('a tool that writes', () => {
  const block = (tool: string) =>
    `# A\n\n\`\`\`yaml runbook\nsteps:\n  - { name: it, tool: ${tool}, args: { reward_id: x } }\n\`\`\`\n`
  const here = (words: string[]) =>
    runCommand(
      runbookCommand(),
      ['run', 'a', '--runbooks', 'books', '--server', 'staging', ...words],
      operator(),
    )
  const tried = () => database.query('select * from reward_ledger')

  test.each(['void_reward', 'issue_reward'])(
    'is never called: %s, even if it is said to read',
    async (tool) => {
      await mkdir('books')
      await writeFile('books/a.md', block(tool))
      const before = await tried()
      const refused = await here([])
      expect(refused).toMatchObject({ code: 1 })
      expect(refused.out).toContain(`not called: ${tool} does not declare readOnlyHint`)
      expect(await here(['--reads', tool])).toMatchObject({ code: 1 })
      expect(await tried()).toEqual(before)
    },
  )
})

describe('the evidence', () => {
  const repository = { repositoryId: 7, nodeId: 'R_7', owner: 'foodyepay', repo: 'rewards' }
  const recorded = async (env: Record<string, string>, words: string[] = []) =>
    run(['reward-issuance', '--tx', tx, ...words], env)

  test('is a record in the chain where there is a database', async () => {
    const url = await aPostgresUrl()
    const bot = await openDatabase({ url })
    await keepListed(bot, 5, [repository], new Date())
    const { err } = await recorded({ DATABASE_URL: url })
    expect(err).toBe('Recorded as record 1 of installation 5.\n')
    const records = await Array.fromAsync(readRecords(bot, 5))
    expect(records).toMatchObject([
      { kind: 'runbook', body: { runbook: 'reward-issuance', verdict: 'passed', by: expect.any(String) } },
    ])
    expect(await verifyChain(bot)).toMatchObject({ ok: true, records: 1 })
    expect(await readdir(folder)).toEqual([])

    await keepListed(bot, 6, [{ ...repository, owner: 'other' }], new Date())
    const doubt = await recorded({ DATABASE_URL: url })
    expect(doubt.err).toContain('Not recorded: the bot serves several organizations; name a repository')
    expect(await written()).toMatchObject({ verdict: 'passed' })
    expect((await recorded({ DATABASE_URL: url }, ['--repository', 'Other/rewards'])).err).toContain(
      'installation 6',
    )
    await bot.close()
  })

  test('goes to a file where the database cannot be reached, and keeps its exit code', async () => {
    const { err, code } = await recorded({ DATABASE_URL: 'postgres://127.0.0.1:1/none' })
    expect(code).toBe(0)
    expect(err).toMatch(/^Not recorded: .*\nThe evidence is in runbook-/)
    expect(await written()).toMatchObject({ verdict: 'passed' })
  })
})

describe('runbook check', () => {
  const check = (words: string[]) => runCommand(runbookCommand(), ['check', ...words], {})

  test('finds nothing in the examples', async () => {
    expect(await check([examples])).toEqual({
      out: '4 runbooks checked, 3 with steps to run.\n',
      err: '',
      code: 0,
    })
  })

  test('names every problem with its line, of the headings by the policy', async () => {
    await mkdir('books')
    await writeFile(
      'policy.yml',
      'gates:\n  staging_regression: {}\n  runbooks: { folder: books, headings: [Steps] }\n',
    )
    await writeFile(
      'books/a.md',
      '# Steps\n\n<!-- none -->\n\n```yaml runbook\nsteps: [{ name: it, tol: x }]\n```\n',
    )
    await writeFile('books/b.md', '# Step\n\ntext\n')
    const { err, code } = await check(['--policy', 'policy.yml'])
    expect(code).toBe(1)
    expect(err.split('\n')).toEqual([
      'books/b.md:1:1: `b.md` has no heading `Steps`',
      expect.stringMatching(/^books\/a\.md:6:\d+: unknown key `tol`/),
      expect.stringMatching(/^books\/a\.md:6:\d+: .*one of `tool`/),
      '',
    ])
  })

  test('of a folder that is not there is a mistake', async () => {
    await expect(check(['nowhere'])).rejects.toThrow('nowhere is not a folder that can be read')
  })
})
