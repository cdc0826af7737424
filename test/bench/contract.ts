import { diffContracts, type RawTool, type ToolList } from '../../src/regression/contract/index.ts'

/** A tool as frameworks print them: some twenty properties on three levels, with references, unions and bounds. */
function aTool(index: number, release: number): RawTool {
  const text = (name: string) => ({
    type: 'string',
    description: `The ${name} of call ${index}.`,
    minLength: 1,
    maxLength: 200,
  })
  const money = {
    type: 'object',
    properties: { amount: { type: 'integer', minimum: 0 }, currency: { enum: ['USDC', 'ETH', 'EUR'] } },
    required: ['amount'],
  }
  const line = {
    type: 'object',
    properties: {
      sku: text('sku'),
      price: { $ref: '#/$defs/money' },
      more: { type: 'array', items: { $ref: '#/$defs/line' } },
    },
  }
  const fields = Object.fromEntries(
    Array.from({ length: 12 }, (_, field) => [`field_${field}`, text(`field ${field}`)]),
  )
  const page = {
    anyOf: [{ type: 'integer', minimum: 1 }, { type: 'string', pattern: '^c-' }, { type: 'null' }],
  }
  const properties = {
    ...fields,
    page,
    lines: { type: 'array', items: { $ref: '#/$defs/line' }, maxItems: 50 + release },
    [`extra_${release}`]: { type: ['string', 'null'] },
  }
  const schema = {
    type: 'object',
    properties,
    required: ['field_0', 'field_1'],
    additionalProperties: false,
    $defs: { money, line },
  }
  return {
    name: `tool_${index}`,
    description: `Does the thing number ${index}, release ${release}.`,
    inputSchema: schema,
    outputSchema: schema,
  }
}

function aList(release: number): ToolList {
  return { tools: Array.from({ length: 100 }, (_, index) => aTool(index, release)) }
}

/** The diff of 100 tools of which every one changed (aim: 50 ms), warm and cold, and of 100 that did not. */
export function benchContractDiff(): { name: string; value: number; unit: string }[] {
  const [before, after] = [aList(1), aList(2)]
  const timed = (next: ToolList): number => {
    const start = performance.now()
    diffContracts(before, next)
    return performance.now() - start
  }
  const cold = timed(after)
  const rounds = Array.from({ length: 15 }, () => timed(after)).sort((left, right) => left - right)
  const same = Array.from({ length: 15 }, () => timed(structuredClone(before))).sort(
    (left, right) => left - right,
  )
  return [
    { name: 'contract diff of 100 changed tools, first run', value: cold, unit: 'ms' },
    { name: 'contract diff of 100 changed tools, median', value: rounds[7] ?? cold, unit: 'ms' },
    { name: 'contract diff of 100 unchanged tools, median', value: same[7] ?? cold, unit: 'ms' },
  ]
}
