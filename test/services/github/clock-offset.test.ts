import { describe, expect, test } from 'vitest'
import { createClockOffset } from '../../../src/services/github/clock-offset.ts'

/** When a request was sent and answered by our clock, and when GitHub answered by its own, in seconds; ours shows parts of one. */
type Answer = { sent: number; answered: number; date?: number; age?: string; text?: string }

async function aheadAfter(answers: Answer[]): Promise<number> {
  const times = answers.flatMap(({ sent, answered }) => [sent, answered])
  const offset = createClockOffset(() => 1_000 * (times.shift() ?? Number.NaN))
  const left = [...answers]
  const fetch = offset.comparing(async () => {
    const { date, age, text } = left.shift() ?? {}
    const headers = new Headers(age === undefined ? {} : { age })
    if (text !== undefined) headers.set('date', text)
    if (date !== undefined) headers.set('date', new Date(date * 1_000).toUTCString())
    return new Response('{}', { headers })
  })
  for (const _ of answers) await fetch('https://api.github.com/')
  return offset.ahead()
}

const three = (answer: Answer) => [answer, answer, answer]
const right: Answer = { sent: 100.4, answered: 100.6, date: 100 }
const behind: Answer = { sent: 100.4, answered: 100.6, date: 820 }

describe('the clock', () => {
  test.each<[string, Answer[], number]>([
    ['is right where the dates are within the second', three(right), 0],
    [
      'is right where a slow answer was dated any time on its way',
      three({ ...right, answered: 109, date: 108 }),
      0,
    ],
    ['is behind by what is left of the date after the answer came', three(behind), -719],
    ['is ahead by what is left of the second before the request was sent', three({ ...right, date: 20 }), 79],
    ['is as wrong as the answer that says the least', [behind, { ...behind, date: 130 }, behind], -29],
    ['is right as soon as one of the newest three answers says so', [behind, behind, behind, right], 0],
    ['is wrong once three new answers say so', [right, behind, behind, behind], -719],
  ])('%s', async (_name, answers, seconds) => {
    expect(await aheadAfter(answers)).toBe(seconds)
  })

  test.each<[string, Answer[]]>([
    ['fewer than three answers', [behind, behind]],
    ['answers without a date', three({ sent: 100, answered: 101 })],
    ['dates that are none', three({ sent: 100, answered: 101, text: 'yesterday' })],
    ['answers that a cache kept', three({ ...behind, age: '900' })],
  ])('is not called wrong by %s', async (_name, answers) => {
    expect(await aheadAfter(answers)).toBe(0)
  })
})
