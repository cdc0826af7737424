import { afterEach, describe, expect, test } from 'vitest'
import { incidentFormPath, lackingIn } from '../../src/doctor/incident-form.ts'
import { incidentForm } from '../../src/setup/incident-form.ts'
import { planSetup } from '../../src/setup/setup-plan.ts'
import { planText } from '../../src/setup/setup-text.ts'
import { APP } from './facts.ts'
import { aWorld, shopOf, type World } from './world.ts'

let world: World
afterEach(() => world?.github.close())

const policy = `gates:
  approvals: {}
  incidents: { components: [rewards] }
slack: { channel: "#releases" }
incidents: { repository: acme/incidents }
`

async function incidentsWith(files: Record<string, string>) {
  world = await aWorld({ '.github/release-gate.yml': policy })
  await world.github.addRepository({ owner: 'acme', name: 'incidents', private: true, files })
  const facts = await world.read()
  const rules = (await world.diagnose()).filter(({ rule }) => rule.startsWith('incident-form'))
  const shop = shopOf(facts)
  const plan = planSetup(shop, APP)
  const steps = plan.steps.filter(({ kind }) => kind === 'commit-incident-form')
  return { rules, steps, text: planText('acme/shop', plan) }
}

const old = incidentForm([]).replace('label: Who is affected', 'label: Who').replace('P3: feature', 'feature')

describe('the incident issue form', () => {
  test('that is missing is named by the plan, with an editor that has it filled in, and by the doctor', async () => {
    const { rules, steps, text } = await incidentsWith({ 'README.md': 'x' })
    expect(rules).toMatchObject([
      { rule: 'incident-form-missing', severity: 'warning', about: 'acme/incidents' },
    ])
    const [step] = steps
    const url = new URL(step?.kind === 'commit-incident-form' ? (step.url ?? '') : '')
    expect(url.pathname).toBe('/acme/incidents/new/main')
    expect(url.searchParams.get('filename')).toBe(incidentFormPath)
    expect(url.searchParams.get('value')).toBe(incidentForm(['rewards']))
    expect(text).toContain(url.href)
  })

  test('that lacks what the bot reads is named with what it lacks', async () => {
    const { rules, steps, text } = await incidentsWith({ [incidentFormPath]: old })
    expect(rules).toMatchObject([{ rule: 'incident-form-outdated' }])
    expect(rules[0]?.what).toContain(
      'is missing the field "Who is affected" and the options P0, P1, P2 and P3',
    )
    expect(steps).toMatchObject([{ lacks: ['the field "Who is affected"', 'the options P0, P1, P2 and P3'] }])
    expect(text).toContain('It is missing the field "Who is affected"')
  })

  test('that is there is named by nobody, whatever its own words and further fields are', async () => {
    const own = incidentForm(['rewards', 'wallets']).replace('No customer data.', 'Write nothing secret.')
    const { rules, steps } = await incidentsWith({
      [incidentFormPath]: `${own}  - { type: input, attributes: { label: Region } }\n`,
    })
    expect([...rules, ...steps]).toEqual([])
  })
})

test.each([
  ['no YAML', ': : :'],
  ['no form', '- 1'],
  ['empty', ''],
])('a form that is %s lacks everything', (_, text) => {
  expect(lackingIn(text)).toHaveLength(9)
})
