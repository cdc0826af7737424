import { afterAll, beforeAll, expect, test } from 'vitest'
import { outsiderCommands, saveCommentCommand } from '../../src/store/comment-commands.ts'
import type { Database } from '../../src/store/database.ts'
import { COMMANDS } from '../../src/store/queue/queues.ts'
import { aPglite } from '../support/databases.ts'
import { aPull, aQueue, untilIdle } from '../support/queues.ts'

let database: Database
beforeAll(async () => {
  database = await aPglite()
})
afterAll(() => database.close())

const at = new Date('2026-11-26T18:00:00Z')
const anHourBefore = new Date('2026-11-26T17:00:00Z')
let comments = 0

async function keep(pull: object, person: number, what: object = {}): Promise<void> {
  comments += 1
  await saveCommentCommand(database, aPull(pull), {
    comment: comments,
    command: '/why',
    outcome: 'done',
    answer: 'x',
    by: { id: person, login: `p${person}` },
    outsider: true,
    commentedAt: at,
    decidedAt: at,
    answeredAt: at,
    labelEvent: null,
    reason: null,
    ...what,
  })
}

test('answers to outsiders are counted on the pull request and in the installation, without what was over the limit', async () => {
  await keep({}, 1)
  await keep({}, 2, { outcome: 'done', answer: null })
  await keep({ number: 8 }, 1)
  await keep({ repositoryId: 3 }, 4)
  await keep({}, 3, { outcome: 'refused', answer: null })
  await keep({}, 5, { outsider: false })
  await keep({}, 6, { decidedAt: anHourBefore })
  await keep({ installationId: 9, repositoryId: 30 }, 1)
  const lately = (person: number) => outsiderCommands(database, aPull(), anHourBefore, person)
  expect(await lately(1)).toEqual({ here: 2, everywhere: 4, isKnown: true })
  expect((await lately(3)).isKnown).toBe(true)
  for (const person of [4, 5, 6, 7]) expect((await lately(person)).isKnown).toBe(false)
})

test('commands of insiders come first, also after they had to wait', async () => {
  const ran: number[] = []
  const comment = async (task: { comment: number }) => void ran.push(task.comment)
  const { queue, work } = await aQueue(database, { comment })
  const task = (number: number, insider: boolean) => ({
    pull: aPull(),
    comment: number,
    author: 1,
    digest: 'x',
    insider,
  })
  await queue.enqueueComment(task(1, false))
  await queue.enqueueComment(task(2, true))
  await queue.resend({ queue: COMMANDS, data: task(3, true), key: '3' })
  await work()
  await untilIdle(queue)
  await queue.stop()
  expect(ran).toEqual([2, 3, 1])
})
