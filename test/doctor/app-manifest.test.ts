import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { events } from '../../src/bot/events.ts'
import { readAppManifest } from '../../src/doctor/app-manifest.ts'
import { appManifest } from '../../src/setup/manifest.ts'

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

  it('on an Enterprise Server has no merge queue, and all else', () => {
    const onServer = readAppManifest({ onServer: true })
    const names = (grants: { name: string }[]) => grants.map(({ name }) => name)
    expect(names(asked).filter((name) => !names(onServer.events).includes(name))).toEqual(['merge_group'])
    expect(onServer.permissions).toEqual(permissions)
    const manifest = appManifest(
      { webhook: undefined, redirect: 'http://127.0.0.1:3000/created' },
      { onServer: true },
    )
    expect(manifest).toMatchObject({
      default_events: names(onServer.events),
      default_permissions: Object.fromEntries(permissions.map(({ name, level }) => [name, level])),
    })
  })

  it('is known to the Enterprise Servers that GitHub describes, event by event', () => {
    const { webhooks } = JSON.parse(
      readFileSync(
        createRequire(import.meta.url).resolve('@octokit/openapi-webhooks/generated/ghes-3.19.json'),
        'utf8',
      ),
    ) as { webhooks: Record<string, object> }
    const known = Object.keys(webhooks)
    const unknown = readAppManifest({ onServer: true }).events.filter(
      ({ name }) => !known.some((one) => one === name || one.startsWith(`${name.replaceAll('_', '-')}-`)),
    )
    expect(unknown).toEqual([])
  })
})
