import { describe, expect, it } from 'vitest'
import { type ContractOptions, diffContracts, type RawTool } from '../../../src/regression/contract/index.ts'

const wallet = { type: 'object', properties: { wallet: { type: 'string' } }, required: ['wallet'] }
const nothing = { type: 'object', properties: {} }
const tasks = (taskSupport: string): Partial<RawTool> => ({ execution: { taskSupport } })
const choice = tasks('optional')
const demand = tasks('required')
const refusal = tasks('forbidden')
const strange = tasks('sometimes')

function aTool(own: Partial<RawTool> = {}): RawTool {
  return {
    name: 'check_eligibility',
    description: 'Says whether a diner may be rewarded.',
    inputSchema: wallet,
    ...own,
  }
}

/** The rules that two lists break, with severity and tool. */
function changes(before: RawTool[], after: RawTool[]): [string, string, string][] {
  return diffContracts({ tools: before }, { tools: after }).map(({ rule, severity, tool }) => [
    rule,
    severity,
    tool,
  ])
}

describe('tools of a list', () => {
  it('the same list is not a change, whatever the order of keys', () => {
    const { name, ...rest } = aTool({ outputSchema: wallet, _meta: { a: 1 } })
    expect(changes([{ name, ...rest }], [{ ...rest, name }])).toEqual([])
  })

  it('removed: break', () => {
    const other = aTool({ name: 'statistics', inputSchema: nothing })
    expect(changes([aTool(), other], [other])).toEqual([['tool-removed', 'breaking', 'check_eligibility']])
  })

  it('added: safe', () => {
    expect(changes([aTool()], [aTool(), aTool({ name: 'b', inputSchema: nothing })])).toEqual([
      ['tool-added', 'safe', 'b'],
    ])
  })

  it('renamed: break, paired by equal schemas, and reported as one change', () => {
    const [change, ...rest] = diffContracts({ tools: [aTool()] }, { tools: [aTool({ name: 'is_eligible' })] })
    expect(change).toMatchObject({ rule: 'tool-renamed', severity: 'breaking', tool: 'check_eligibility' })
    expect(change?.message).toBe('renamed? check_eligibility to is_eligible')
    expect(rest).toEqual([])
  })

  it('a rename is not guessed when the schemas differ', () => {
    expect(changes([aTool()], [aTool({ name: 'is_eligible', inputSchema: nothing })])).toEqual([
      ['tool-removed', 'breaking', 'check_eligibility'],
      ['tool-added', 'safe', 'is_eligible'],
    ])
  })

  const account = (more: object = {}) => ({
    type: 'object',
    properties: { id: { type: 'string' }, fields: { type: 'string' } },
    ...more,
  })

  it.each<[string, Partial<RawTool>, Partial<RawTool>]>([
    [
      'a name in another style',
      { name: 'get_account' },
      { name: 'getAccount', inputSchema: account({ required: ['id'] }) },
    ],
    [
      'one word more, and one argument more',
      { name: 'get_account' },
      {
        name: 'get_account_details',
        inputSchema: account({ properties: { ...account().properties, all: {} } }),
      },
    ],
    [
      'another name and the same description',
      { name: 'fetch', description: 'Reads the account.' },
      { name: 'get_account', description: 'Reads the account.', inputSchema: account({ minProperties: 1 }) },
    ],
  ])('a likely rename is paired, and what changed with it is reported: %s', (_row, own, other) => {
    const [old, next] = [aTool({ inputSchema: account(), ...own }), aTool({ description: 'New.', ...other })]
    const found = changes([old], [next]).map(([rule]) => rule)
    expect(found[0]).toBe('tool-renamed')
    expect(found.length).toBeGreaterThan(1)
    expect(found).not.toContain('tool-removed')
  })

  it.each<[string, Partial<RawTool>]>([
    ['other arguments', { name: 'get_account_v2', inputSchema: { type: 'object', properties: { url: {} } } }],
    [
      'another name and another description',
      { name: 'delete_user', inputSchema: account({ required: ['id'] }) },
    ],
  ])('a rename is not guessed: %s', (_row, other) => {
    const [old, next] = [
      aTool({ name: 'get_account', inputSchema: account() }),
      aTool({ description: 'New.', ...other }),
    ]
    expect(changes([old], [next]).map(([rule]) => rule)).toEqual(['tool-removed', 'tool-added'])
  })

  it('the likeliest of several is paired', () => {
    const close = { inputSchema: account({ required: ['id'] }) }
    const added = [aTool({ name: 'get_account_list', ...close }), aTool({ name: 'getAccount', ...close })]
    const found = diffContracts(
      { tools: [aTool({ name: 'get_account', inputSchema: account() })] },
      { tools: added },
    )
    expect(found[0]?.message).toBe('renamed? get_account to getAccount')
    expect(found.at(-1)).toMatchObject({ rule: 'tool-added', tool: 'get_account_list' })
  })

  it('changes come in the order of the old list, then of the new one', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) =>
      aTool({ name, inputSchema: nothing, description: name }),
    )
    const [z, y] = [aTool({ name: 'z' }), aTool({ name: 'y' })]
    if (!a || !b || !c || !d) throw new Error('four tools are needed')
    const found = changes([a, b, c, d], [z, { ...d, title: 'D' }, { ...b, title: 'B' }, y])
    expect(found.map(([rule, , tool]) => [rule, tool])).toEqual([
      ['tool-removed', 'a'],
      ['title-changed', 'b'],
      ['tool-removed', 'c'],
      ['title-changed', 'd'],
      ['tool-added', 'z'],
      ['tool-added', 'y'],
      ['tool-order-changed', ''],
    ])
  })

  it('of several tools of equal schemas the one of the same description is the renamed one', () => {
    const added = [aTool({ name: 'x', description: 'Another thing.' }), aTool({ name: 'y' })]
    expect(changes([aTool()], added).map(([rule, , tool]) => [rule, tool])).toEqual([
      ['tool-renamed', 'check_eligibility'],
      ['tool-added', 'x'],
    ])
  })

  it('duplicate names fail, and the first of them is compared', () => {
    expect(changes([aTool()], [aTool(), aTool({ inputSchema: nothing })])).toEqual([
      ['tool-name-duplicated', 'breaking', 'check_eligibility'],
    ])
  })

  it('another order of the tools: info', () => {
    const [a, b] = [aTool({ name: 'a' }), aTool({ name: 'b' })]
    expect(changes([a, b], [b, a])).toEqual([['tool-order-changed', 'info', '']])
    expect(changes([a, b], [aTool({ name: 'c', inputSchema: nothing }), a, b])).toEqual([
      ['tool-added', 'safe', 'c'],
    ])
  })

  it('a tool that nests too deep is breaking, since nothing is proved, and does not exhaust the stack', () => {
    const deep = JSON.parse(`${'{"items":'.repeat(20_000)}{}${'}'.repeat(20_000)}`)
    const tool = aTool({ inputSchema: { type: 'object', properties: { a: deep } } })
    expect(changes([aTool()], [tool])).toEqual([
      ['input-schema-too-complex', 'breaking', 'check_eligibility'],
    ])
  })

  it('an added tool that nests too deep is breaking, too', () => {
    const deep = JSON.parse(`${'{"items":'.repeat(20_000)}{}${'}'.repeat(20_000)}`)
    const tool = aTool({ inputSchema: { type: 'object', properties: { a: deep } } })
    expect(changes([], [tool])).toEqual([
      ['tool-added', 'safe', 'check_eligibility'],
      ['input-schema-too-complex', 'breaking', 'check_eligibility'],
    ])
  })

  it.each<[string, Partial<RawTool>, string]>([
    ['no input schema', { inputSchema: undefined }, 'input-schema-invalid'],
    ['an input schema of another type', { inputSchema: { type: 'string' } }, 'input-schema-invalid'],
    ['an output schema that is none', { outputSchema: 'text' }, 'output-schema-invalid'],
  ])('an added tool with %s is breaking: clients reject the whole list', (_name, own, rule) => {
    expect(changes([], [aTool(own)])).toEqual([
      ['tool-added', 'safe', 'check_eligibility'],
      [rule, 'breaking', 'check_eligibility'],
    ])
  })

  it('an unchanged schema that refers elsewhere is a warning, since that may have changed', () => {
    const inputSchema = { type: 'object', properties: { a: { $ref: 'https://schemas.test/a.json' } } }
    expect(changes([aTool({ inputSchema })], [aTool({ inputSchema })])).toEqual([
      ['input-reference-unresolved', 'warning', 'check_eligibility'],
    ])
  })

  it('property names that JavaScript knows are ordinary names', () => {
    const schema = (type: string): unknown =>
      JSON.parse(
        `{"type":"object","properties":{"__proto__":{"type":"${type}"},"constructor":{"type":"string"}}}`,
      )
    const found = diffContracts(
      { tools: [aTool({ inputSchema: schema('string') })] },
      { tools: [aTool({ inputSchema: schema('number') })] },
    )
    expect(found.map(({ rule, path }) => [rule, path])).toEqual([['input-type-changed', '/__proto__']])
  })
})

describe('what a tool says of itself', () => {
  const rows: [string, Partial<RawTool>, Partial<RawTool>, string, string][] = [
    ['outputSchema removed: break', { outputSchema: wallet }, {}, 'output-schema-removed', 'breaking'],
    ['outputSchema added: warn', {}, { outputSchema: wallet }, 'output-schema-added', 'warning'],
    [
      'description changed: warn',
      {},
      { description: 'Says whether a diner must be rewarded.' },
      'description-changed',
      'warning',
    ],
    [
      'readOnly true to false: break',
      { annotations: { readOnlyHint: true } },
      { annotations: { readOnlyHint: false } },
      'read-only-lost',
      'breaking',
    ],
    [
      'readOnly true to the default: break',
      { annotations: { readOnlyHint: true } },
      {},
      'read-only-lost',
      'breaking',
    ],
    ['readOnly false to true: info', {}, { annotations: { readOnlyHint: true } }, 'hint-changed', 'info'],
    [
      'destructive false to true: warn',
      { annotations: { destructiveHint: false } },
      { annotations: { destructiveHint: true } },
      'destructive-gained',
      'warning',
    ],
    [
      'destructive false to the default: warn',
      { annotations: { destructiveHint: false } },
      {},
      'destructive-gained',
      'warning',
    ],
    [
      'destructive true to false: info',
      {},
      { annotations: { destructiveHint: false } },
      'hint-changed',
      'info',
    ],
    [
      'idempotent true to false: warn',
      { annotations: { idempotentHint: true } },
      {},
      'idempotent-lost',
      'warning',
    ],
    [
      'openWorld false to the default: info',
      { annotations: { openWorldHint: false } },
      {},
      'hint-changed',
      'info',
    ],
    [
      'destructive means nothing of a tool that only reads: info',
      { annotations: { readOnlyHint: true, destructiveHint: false } },
      { annotations: { readOnlyHint: true } },
      'hint-changed',
      'info',
    ],
    ['title: info', {}, { title: 'Eligibility' }, 'title-changed', 'info'],
    [
      'title among the annotations: info',
      {},
      { annotations: { title: 'Eligibility' } },
      'title-changed',
      'info',
    ],
    ['icons: info', {}, { icons: [{ src: 'data:image/png;base64,AA==' }] }, 'icons-changed', 'info'],
    ['_meta: info', { _meta: { a: 1 } }, { _meta: { a: 2 } }, 'meta-changed', 'info'],
    ['tasks demanded: break', {}, { execution: { taskSupport: 'required' } }, 'task-required', 'breaking'],
    ['tasks demanded of those who chose: break', choice, demand, 'task-required', 'breaking'],
    ['tasks no longer possible: break', choice, {}, 'task-support-lost', 'breaking'],
    ['tasks forbidden: break', choice, refusal, 'task-support-lost', 'breaking'],
    ['tasks forbidden after they were demanded: break', demand, refusal, 'task-support-lost', 'breaking'],
    ['tasks by a word that no client knows: break', choice, strange, 'task-support-lost', 'breaking'],
    ['tasks made possible: info', {}, choice, 'task-support-changed', 'info'],
    ['tasks no longer demanded, but possible: info', demand, choice, 'task-support-changed', 'info'],
    ['a member that the diff does not know: warn', {}, { billing: 'paid' }, 'tool-field-changed', 'warning'],
    [
      'the input schema is none: break',
      {},
      { inputSchema: { type: 'string' } },
      'input-schema-invalid',
      'breaking',
    ],
    [
      'the output schema is none: break',
      { outputSchema: wallet },
      { outputSchema: 'text' },
      'output-schema-invalid',
      'breaking',
    ],
  ]
  it.each(rows)('%s', (_row, before, after, rule, severity) => {
    const found = changes([aTool(before)], [aTool(after)]).filter(
      ([name]) => !/^(in|out)put-(type|reference)/.test(name),
    )
    expect(found).toEqual([[rule, severity, 'check_eligibility']])
  })

  it('tasks that are forbidden by name are the same as by default', () => {
    expect(changes([aTool()], [aTool(refusal)])).toEqual([])
  })

  it('defaults written out are the same annotations', () => {
    const annotations = {
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: false,
      openWorldHint: true,
    }
    expect(changes([aTool()], [aTool({ annotations })])).toEqual([])
  })

  it('a changed description is shown as "routing" with a word diff', () => {
    const after = aTool({ description: 'Says whether a guest may be rewarded.' })
    const [change] = diffContracts({ tools: [aTool()] }, { tools: [after] })
    expect(change?.message).toContain('routing')
    expect(change?.message).toContain('[-diner-]{+guest+}')
  })

  it('a long rewritten description is cut', () => {
    const words = (seed: number): string =>
      Array.from({ length: 3000 }, (_, index) => `w${index * seed}`).join(' ')
    const [change] = diffContracts(
      { tools: [aTool({ description: words(3) })] },
      { tools: [aTool({ description: words(7) })] },
    )
    expect(change?.message.length).toBeLessThan(1300)
  })
})

describe('characters that nobody can see', () => {
  const hidden = (before: Partial<RawTool>, after: Partial<RawTool>): [string, string][] =>
    diffContracts({ tools: [aTool(before)] }, { tools: [aTool(after)] })
      .filter(({ rule }) => rule === 'hidden-characters')
      .map(({ severity, message }) => [severity, /U\+[0-9A-F]+/.exec(message)?.[0] ?? ''])

  it.each([
    ['zero-width space', 'a\u200bb', 'U+200B'],
    ['zero-width joiner between letters', 'a\u200db', 'U+200D'],
    ['escape', 'a\u001b[31mb', 'U+001B'],
    ['right-to-left override', 'a\u202eb', 'U+202E'],
    ['byte order mark', '\ufeffab', 'U+FEFF'],
    ['tag letters', 'a\u{e0041}b', 'U+E0041'],
    ['variation selectors that carry data', 'a\u{e0101}b', 'U+E0101'],
  ])('a description with a %s breaks', (_name, description, code) => {
    expect(hidden({}, { description })).toEqual([['breaking', code]])
    expect(hidden({}, { inputSchema: { ...wallet, description } })).toEqual([['breaking', code]])
    expect(hidden({ outputSchema: wallet }, { outputSchema: { ...wallet, title: description } })).toEqual([
      ['breaking', code],
    ])
  })

  it('line breaks, tabs and emoji made of several are let be', () => {
    expect(
      hidden(
        {},
        { description: 'First line.\r\n\tSecond \u{1f469}\u200d\u{1f4bb} \u2764\ufe0f\u200d\u{1f525}.' },
      ),
    ).toEqual([])
  })

  it('what was accepted with the baseline is not reported again', () => {
    expect(hidden({ description: 'a\u200bb' }, { description: 'a\u200bb', title: 'A' })).toEqual([])
  })

  it('data for programs may hold any characters', () => {
    expect(hidden({}, { _meta: { key: 'a\u200bb' }, icons: [{ src: 'data:a\u200bb' }] })).toEqual([])
  })

  it('an added tool is read as well, and no message repeats the character itself', () => {
    const found = diffContracts({ tools: [] }, { tools: [aTool({ name: 'x\u200by' })] })
    expect(found.map(({ rule, severity }) => [rule, severity])).toContainEqual([
      'hidden-characters',
      'breaking',
    ])
    expect(found.filter(({ message }) => message.includes('\u200b'))).toEqual([])
  })
})

describe('the server', () => {
  const versions = (
    before: string[] | undefined,
    after: string[] | undefined,
    options?: ContractOptions,
    asked: string[] = ['a', 'b'],
  ): string[] => {
    const list = (protocolVersions: string[] | undefined) => ({
      tools: [],
      ...(protocolVersions ? { protocolVersions } : {}),
    })
    const next = { ...list(after), ...(after ? { askedVersions: asked } : {}) }
    return diffContracts(list(before), next, options).map(
      ({ rule, severity, side }) => `${side} ${rule} ${severity}`,
    )
  }

  it('drops a protocol version that clients use: break', () => {
    expect(versions(['a', 'b'], ['b'])).toEqual(['server protocol-version-dropped breaking'])
    expect(versions(['a', 'b'], ['b'], { clientProtocolVersions: ['a'] })).toEqual([
      'server protocol-version-dropped breaking',
    ])
  })

  it('was not asked for a version: warn, and no break', () => {
    expect(versions(['a', 'b'], ['b'], {}, ['b'])).toEqual(['server protocol-version-unknown warning'])
    expect(versions(['a', 'b'], ['b'], {}, [])).toEqual(['server protocol-version-unknown warning'])
    expect(
      diffContracts({ tools: [], protocolVersions: ['a'] }, { tools: [], protocolVersions: ['b'] }),
    ).toEqual([
      expect.objectContaining({ rule: 'protocol-version-unknown', severity: 'warning' }),
      expect.objectContaining({ rule: 'protocol-version-added', severity: 'safe' }),
    ])
    expect(versions(['a', 'b'], ['b'], { clientProtocolVersions: ['b'] }, ['b'])).toEqual([
      'server protocol-version-unknown warning',
    ])
  })

  it('drops one that no client uses: info; adds one: safe; does not say: warn', () => {
    expect(versions(['a', 'b'], ['b'], { clientProtocolVersions: ['b'] })).toEqual([
      'server protocol-version-unused-dropped info',
    ])
    expect(versions(['a'], ['a', 'b'])).toEqual(['server protocol-version-added safe'])
    expect(versions(['a'], undefined)).toEqual(['server protocol-versions-unknown warning'])
    expect(versions(undefined, ['a'])).toEqual([])
  })

  it('a capability that is gone warns, one that changed is information', () => {
    const capabilities = (value: unknown) => ({ tools: [], capabilities: value })
    const found = diffContracts(
      capabilities({ tools: { listChanged: true }, logging: {} }),
      capabilities({ tools: {} }),
    )
    expect(found.map(({ rule, severity }) => [rule, severity])).toEqual([
      ['capability-changed', 'info'],
      ['capability-removed', 'warning'],
    ])
  })

  it.each<[string, unknown, string[]]>([
    ['gone', { logging: {} }, ['tools-capability-removed breaking']],
    ['gone with all others', {}, ['tools-capability-removed breaking', 'capability-removed warning']],
    ['another', { tools: { listChanged: true }, logging: {} }, ['capability-changed info']],
  ])('the capability tools, without which the newer client lists none, is %s', (_, next, expected) => {
    const found = diffContracts(
      { tools: [], capabilities: { tools: {}, logging: {} } },
      { tools: [], capabilities: next },
    )
    expect(found.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(expected)
  })
})

describe('the capability to call tools as tasks, without which what a tool says of tasks is void', () => {
  const able = { tools: {}, tasks: { requests: { tools: { call: {} } }, list: {} } }
  const unable = { tools: {}, tasks: { list: {} } }
  it.each<[string, unknown, unknown, string | undefined, string[]]>([
    ['gone with all of tasks', able, { tools: {} }, 'optional', ['tasks-capability-removed breaking']],
    ['gone alone', able, unable, 'optional', ['tasks-capability-removed breaking']],
    ['gone, where tasks were demanded', able, unable, 'required', ['tasks-capability-removed breaking']],
    ['gone, where no tool had tasks', able, unable, undefined, ['capability-changed info']],
    ['gone, where every tool forbade them', able, { tools: {} }, 'forbidden', ['capability-removed warning']],
    ['gained', unable, able, 'optional', ['capability-changed info']],
    ['missing, as before', unable, { tools: {} }, 'optional', ['capability-removed warning']],
  ])('%s', (_row, before, after, taskSupport, expected) => {
    const tools = [aTool(taskSupport === undefined ? {} : tasks(taskSupport))]
    const found = diffContracts({ tools, capabilities: before }, { tools, capabilities: after })
    expect(found.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(expected)
  })
})

describe('arguments and results are objects, whether or not the schema says so', () => {
  const properties = { a: { type: 'string' } }
  it.each<[string, unknown, unknown]>([
    ['no word and type: object', {}, { type: 'object' }],
    ['properties alone and with their type', { properties }, { type: 'object', properties }],
    [
      'a list of types and type: object',
      { type: ['object', 'null'], properties },
      { type: 'object', properties },
    ],
  ])('%s mean the same', (_row, one, other) => {
    const whole = (schema: unknown) => [aTool({ inputSchema: schema, outputSchema: schema })]
    const rules = [...changes(whole(one), whole(other)), ...changes(whole(other), whole(one))].map(
      ([rule]) => rule,
    )
    expect(rules.filter((rule) => rule !== 'input-schema-invalid')).toEqual([])
  })

  it('but their parts need not be, also where a schema refers to itself', () => {
    const inside = (p: unknown) => [aTool({ inputSchema: { type: 'object', properties: { p } } })]
    expect(changes(inside({}), inside({ type: 'object' }))[0]?.[0]).toBe('input-type-narrowed')
    const recursive = { properties: { next: { $ref: '#' } } }
    const found = changes(
      [aTool({ inputSchema: recursive })],
      [aTool({ inputSchema: { ...recursive, type: 'object' } })],
    )
    expect(found.map(([rule]) => rule)).toContain('input-type-narrowed')
  })
})
