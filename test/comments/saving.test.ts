import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../src/comments/digest.ts'
import { runCommentTask } from '../../src/comments/run.ts'
import type { CommentShell } from '../../src/comments/shell.ts'
import { readRecords } from '../../src/store/audit.ts'
import { commentCommand } from '../../src/store/comment-commands.ts'
import type { Database } from '../../src/store/database.ts'
import { aDatabase } from '../support/databases.ts'
import { aDesk, type Desk } from '../support/desk.ts'

/** A job that ran out of time runs beside its retry, which alone decides. */

const policy = 'commands: true\ngates: { approvals: {}, hold: {} }\n'
let desk: Desk
let database: Database
beforeAll(async () => {
  desk = await aDesk()
  database = await aDatabase()
})
afterAll(async () => {
  await desk.github.close()
  await database.close()
})

type Fetch = typeof fetch

/** A comment that holds a command, and what runs its job. `passing` sees each request of the App before it is sent. */
async function aComment(body: string) {
  const shop = await desk.shop({ files: { 'README.md': '#\n', '.github/release-gate.yml': policy } })
  const pull = await shop.open('ana', { 'src/a.ts': 'a\n' })
  const place = { owner: shop.owner, repo: shop.repo }
  const { data } = await shop
    .as('eva')
    .rest.issues.createComment({ ...place, issue_number: pull.number, body })
  const task = {
    pull: shop.refOf(pull),
    comment: data.id,
    author: data.user?.id ?? 0,
    digest: digestOf(body),
  }
  const run = (signal: AbortSignal, passing: (request: string) => void = () => undefined) => {
    const watched: Fetch = (input, init) => {
      passing(`${init?.method ?? 'GET'} ${input}`)
      return fetch(input, init)
    }
    const shell = {
      database,
      now: desk.now,
      log: { info: () => undefined, warn: () => undefined },
      github: async () => desk.app(watched),
      queue: {
        enqueueAll: async () => undefined,
        enqueueEvaluate: async () => undefined,
        enqueueNotice: async () => undefined,
      },
    } as unknown as CommentShell
    return runCommentTask(shell, task, signal)
  }
  const kept = () => commentCommand(database, task.pull, task.comment)
  const reactions = async () =>
    (await shop.as('eva').rest.reactions.listForIssueComment({ ...place, comment_id: data.id })).data.length
  const records = async () =>
    (await Array.fromAsync(readRecords(database, desk.installationId))).filter(
      ({ kind, body: about }) =>
        kind === 'comment command' && (about as { comment: number }).comment === data.id,
    ).length
  return { run, kept, reactions, records }
}

test.each([
  ['/why', 0],
  ['/unhold', 1],
])(
  'a job for %s that another worker has by now keeps nothing, records nothing and answers nothing',
  async (body, recorded) => {
    const { run, kept, reactions, records } = await aComment(body)
    const taken = new AbortController()
    const late = run(taken.signal, (request) => {
      if (request.includes('/reviews')) taken.abort()
    })
    await expect(late).rejects.toThrow(/abort/i)
    expect(taken.signal.aborted).toBe(true)
    expect(await kept()).toBeUndefined()
    expect({ reactions: await reactions(), records: await records() }).toEqual({ reactions: 0, records: 0 })
    desk.later()
    await run(new AbortController().signal)
    expect(await kept()).toMatchObject({ outcome: 'done' })
    expect(await records()).toBe(recorded)
    expect(await reactions()).toBe(1)
  },
)
