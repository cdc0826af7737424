import { expect, test } from 'vitest'
import { benchProofs } from '../bench/approvals.ts'
import { aDesk } from '../support/desk.ts'

test('the proofs at a push cost at most two requests, and one more where the base touched the same file', async () => {
  const desk = await aDesk()
  try {
    const cost = (await benchProofs(desk)).map(({ name, value }) => [name.replace(/^.*: /, ''), value])
    expect(Object.fromEntries(cost)).toEqual({
      'a push that changes content': 0,
      'an amended message': 0,
      'a clean rebase': 2,
      'an update merge': 2,
      'a clean rebase, the base touched the same file': 3,
      'an update merge, the base touched the same file': 3,
    })
  } finally {
    await desk.close()
  }
})
