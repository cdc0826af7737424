import { afterAll, expect } from 'vitest'
import { type Inspector, inspectors } from '../../src/sandbox/github/inspection.ts'
import { repeatedAnswers } from './repeated-answers.ts'

/**
 * Runs before every test file: all that goes to and from a sandbox's GitHub, whoever sends it, must be as GitHub publishes
 * it. The descriptions are read at the first request, so a file without a sandbox pays nothing.
 */
const wrong = new Set<string>()
const work: Promise<void>[] = []
type Described = typeof import('./github-description.ts')
let described: Promise<Described> | undefined

async function note(look: (described: Described) => string[]): Promise<void> {
  described ??= import('./github-description.ts')
  for (const what of look(await described)) wrong.add(what)
}

const isRepeated = repeatedAnswers()
const inspector: Inspector = {
  exchange: (exchange) => {
    if (!isRepeated(exchange)) work.push(note(({ undescribed }) => undescribed(exchange)))
  },
  webhook: (event, payload) =>
    void work.push(note(({ undescribedWebhook }) => undescribedWebhook(event, payload))),
}
inspectors.add(inspector)

afterAll(async () => {
  while (work.length > 0) await work.pop()
  inspectors.delete(inspector)
  expect([...wrong].sort(), 'What is not as GitHub describes it').toEqual([])
})
