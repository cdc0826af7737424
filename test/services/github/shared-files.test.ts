import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSharedFile, sharedFilesWithin } from '../../../src/services/github/policy.ts'
import { aDesk, type Desk } from '../../support/desk.ts'

/** The organization's policy over time: made, changed twice and removed, minutes apart. */

let desk: Desk
const path = 'policy.yml'
const times = { before: new Date(0), made: new Date(0), second: new Date(0), removed: new Date(0) }

beforeAll(async () => {
  desk = await aDesk()
  times.before = desk.now()
  desk.later(10)
  times.made = desk.now()
  const repository = { owner: 'acme', name: '.github', private: true, files: { [path]: 'first\n' } }
  const { fullName } = await desk.github.addRepository(repository)
  const push = async (change: object) => {
    desk.later(10)
    const date = desk.now().getTime()
    await desk.github.push(fullName, 'olga', {
      message: 'Change',
      branch: 'main',
      files: {},
      date,
      ...change,
    })
    return new Date(date)
  }
  times.second = await push({ files: { [path]: 'second\n' } })
  times.removed = await push({ remove: [path] })
  await push({ files: { [path]: 'last\n' } })
  desk.later(10)
})
afterAll(() => desk.close())

const pull = { owner: 'acme', repo: 'shop' }

/** What the file may have said within a second; `hidden`: so many of the newest pushes are not listed yet. */
async function within(from: Date, hidden = 0): Promise<(string | undefined)[]> {
  const app = desk.app(async (input, options) => {
    const answer = await fetch(input, options)
    if (!/\/activity\?/.test(input instanceof Request ? input.url : String(input))) return answer
    const rows = ((await answer.json()) as unknown[]).slice(hidden)
    const listed = new Response(JSON.stringify(rows), { headers: { 'content-type': 'application/json' } })
    return Object.defineProperty(listed, 'url', { value: answer.url })
  })
  const span = { from, to: new Date(from.getTime() + 1_000) }
  const files = await sharedFilesWithin(app, pull, path, { span, now: await readSharedFile(app, pull, path) })
  return files.map((file) => file?.text.trim())
}

const minutes = (time: Date, more: number) => new Date(time.getTime() + more * 60_000)

test.each<[string, () => Date, (string | undefined)[]]>([
  ['nothing, before there was a repository', () => times.before, [undefined]],
  ['nothing or its first file, in the second in which it was made', () => times.made, [undefined, 'first']],
  ['its first file, before any push', () => minutes(times.made, 1), ['first']],
  ['either file, in the second of a push', () => times.second, ['first', 'second']],
  ['the file between two pushes', () => minutes(times.second, 1), ['second']],
  ['the file or nothing, in the second in which it was removed', () => times.removed, ['second', undefined]],
  ['nothing, after it was removed', () => minutes(times.removed, 1), [undefined]],
  ['its file of now, after the last push', () => desk.now(), ['last']],
])("the organization's policy was %s", async (_what, time, expected) => {
  expect(await within(time())).toEqual(expected)
})

test('where the newest push is not listed yet, the file of now counts beside the last one that is', async () => {
  expect(await within(minutes(times.removed, 1), 1)).toEqual([undefined, 'last'])
  expect(await within(minutes(times.second, 1), 1)).toEqual(['second'])
})
