import { afterEach, describe, expect, test, vi } from 'vitest'
import { outputChecker } from '../../src/regression/output-check.ts'
import { aTool } from '../support/mcp-server.ts'
import { aSuite, readCase, runAgainst } from '../support/regression-run.ts'

describe('a format that nobody knows', () => {
  afterEach(() => vi.restoreAllMocks())
  const outputSchema = { type: 'object', properties: { wallet: { type: 'string', format: 'wallet' } } }
  const answer = { content: [], structuredContent: { wallet: '0x1' } }

  test('is not checked, and nothing is printed about it', async () => {
    const printed = (['log', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name))
    const tool = aTool('read', { outputSchema })
    expect(outputChecker()({ name: 'read', outputSchema }, answer)).toEqual([])
    const { report } = await runAgainst({ tools: [tool], call: () => answer }, aSuite(readCase))
    expect(report.verdict).toBe('passed')
    for (const spy of printed) expect(spy).not.toHaveBeenCalled()
  })
})
