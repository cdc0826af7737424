import { describe, expect, it } from 'vitest'
import { type ButtonAction, readButton, withButtons } from '../../src/decision/slack-buttons.ts'

type Button = { action_id: string; value: string; text: { text: string }; confirm?: object }
const message = { text: 'x', blocks: [] }
const buttonsOf = (actions: ButtonAction[]) =>
  (withButtons(message, actions).blocks as { elements: Button[] }[]).flatMap(({ elements }) => elements)
const why: ButtonAction = { kind: 'why', repository: 'acme/shop', number: 12 }
const freeze: ButtonAction = { kind: 'freeze', repository: 'acme/shop.js' }

describe('buttons', () => {
  it.each([why, freeze])('%o is read from its press as it was written', (action) => {
    const [button] = buttonsOf([action])
    expect(readButton(button?.action_id ?? '', button?.value ?? '')).toEqual(action)
  })

  it('ask for a confirmation before a freeze, and for none before a question', () => {
    expect(buttonsOf([freeze])[0]).toHaveProperty('confirm')
    expect(buttonsOf([why])[0]).not.toHaveProperty('confirm')
  })

  it('name their repository where there are several, and have names of their own', () => {
    const buttons = buttonsOf([freeze, { kind: 'freeze', repository: 'acme/api' }])
    expect(buttons.map(({ text }) => text.text)).toEqual(['Freeze acme/shop.js', 'Freeze acme/api'])
    expect(new Set(buttons.map(({ action_id }) => action_id)).size).toBe(2)
  })

  it('stay within the limits of Slack', () => {
    const long = Array.from({ length: 30 }, () => ({
      kind: 'freeze' as const,
      repository: `${'a'.repeat(39)}/${'b'.repeat(100)}`,
    }))
    const buttons = buttonsOf(long)
    expect(buttons.length).toBeLessThanOrEqual(5)
    for (const { text } of buttons) expect(text.text.length).toBeLessThanOrEqual(75)
  })

  it('are left out where there is nothing to press', () => {
    expect(withButtons(message, [])).toBe(message)
  })

  it.each([
    ['release_gate_why_0', 'acme/shop'],
    ['release_gate_why_0', 'acme/shop#0'],
    ['release_gate_why_0', 'acme/shop#12 '],
    ['release_gate_freeze_0', 'acme/shop#12'],
    ['release_gate_freeze_0', '*'],
    ['release_gate_freeze_0', 'acme/*'],
    ['release_gate_freeze_0', ''],
    ['another_app', 'acme/shop#12'],
  ])('%s with "%s" is none of them', (id, value) => {
    expect(readButton(id, value)).toBeUndefined()
  })
})
