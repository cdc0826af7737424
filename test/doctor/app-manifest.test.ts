import { describe, expect, it } from 'vitest'
import { events } from '../../src/bot/events.ts'
import { readAppManifest } from '../../src/doctor/app-manifest.ts'

describe('what app.yml asks for', () => {
  const { permissions, events: asked } = readAppManifest()

  it('each permission has a level and its reason', () => {
    expect(permissions.length).toBeGreaterThan(5)
    for (const one of permissions) {
      expect(one.level).toMatch(/^(read|write)$/)
      expect(one.reason).not.toBe('')
    }
  })

  it('never contents: write and never workflows', () => {
    expect(permissions.find(({ name }) => name === 'contents')?.level).toBe('read')
    expect(permissions.map(({ name }) => name)).not.toContain('workflows')
  })

  it('every event is one that the bot takes in', () => {
    expect(asked.map(({ name }) => name).filter((name) => !events.has(name))).toEqual([])
  })
})
