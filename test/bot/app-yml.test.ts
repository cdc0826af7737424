import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { events } from '../../src/bot/events.ts'

const text = readFileSync(join(import.meta.dirname, '../../app.yml'), 'utf8')
const app = parse(text)

/** What the project needs, and no more; never contents: write, never workflows. */
const needed = {
  metadata: 'read',
  contents: 'read',
  checks: 'write',
  pull_requests: 'write',
  issues: 'write',
  deployments: 'write',
  members: 'read',
  administration: 'read',
  merge_queues: 'read',
}

describe('app.yml', () => {
  test('asks for the permissions that are needed, and for no other', () => {
    expect(app.default_permissions).toEqual(needed)
  })

  test.each(Object.entries(needed))('gives the reason for %s: %s', (name, level) => {
    expect(text).toMatch(new RegExp(`^  ${name}: ${level} # \\S.{15,}`, 'm'))
  })

  test('asks for the events that the inbox takes in, without those that GitHub always sends', () => {
    const always = ['installation', 'installation_repositories']
    expect([...events]).toEqual(expect.arrayContaining(always))
    expect([...app.default_events].sort()).toEqual(
      [...events].filter((name) => !always.includes(name)).sort(),
    )
  })

  test('is for its own account only', () => {
    expect(app.public).toBe(false)
  })

  test('has no apostrophe in its values: the set-up page puts them into an attribute between apostrophes', () => {
    expect(JSON.stringify(app)).not.toContain("'")
  })
})
