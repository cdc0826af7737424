import { describe, expect, test } from 'vitest'
import { dossierEntries } from '../../../src/decision/incidents/dossier.ts'

const repository = { id: 2, owner: 'acme', name: 'incidents' }
const shop = { id: 3, owner: 'acme', name: 'shop' }
const at = new Date('2026-10-19T16:10:00Z')
let last = 0
const record = (kind: string, body: object) => {
  last += 1
  return { seq: last, kind, at, body }
}

describe('a dossier', () => {
  const records = [
    record('decided', { repository: shop, number: 5 }),
    record('incident', {
      repository,
      incident: 7,
      changes: [{ at: '2026-10-19T16:00:00.000Z', text: 'Opened as P0' }],
    }),
    record('incident', {
      repository,
      incident: 8,
      changes: [{ at: '2026-10-19T16:00:00.000Z', text: 'Another one' }],
    }),
    record('incident', {
      repository: shop,
      incident: 7,
      changes: [{ at: '2026-10-19T16:00:00.000Z', text: 'Elsewhere' }],
    }),
    record('incident step', { repository, incident: 7, text: 'Paged: on call' }),
    record('incident mirrored', {
      repository,
      incident: 7,
      mirror: 'pagerduty',
      wanted: { action: 'trigger', target: 'on_call' },
    }),
    record('incident mirrored', {
      repository,
      incident: 7,
      mirror: 'jira',
      wanted: {},
      external: { name: 'FOODYE-MCP-412' },
    }),
    record('merged', { repository: shop, number: 5, title: 'Not named yet' }),
    record('incident linked', { repository, incident: 7, pull: { repository: shop, number: 6 } }),
    record('merged', { repository: shop, number: 6, title: 'Fix' }),
    record('merged', { repository: shop, number: 60, title: 'Other' }),
    record('watched', {
      repository: shop,
      release: 'acme/shop#6',
      verdict: 'passed',
      why: 'every monitor was OK',
      change: { seq: 10, hash: 'a' },
    }),
    record('post-mortem', { repository, incident: 7, text: 'The post-mortem is done, closed by ana' }),
  ]

  test('has what the records say of one incident and of the changes that name it, and nothing else', () => {
    expect(dossierEntries(records, { repositoryId: 2, number: 7 }).map(({ text }) => text)).toEqual([
      'Opened as P0',
      'Paged: on call',
      'PagerDuty accepted the page to on call',
      'Jira: FOODYE-MCP-412',
      'Named by the urgent pull request acme/shop#6',
      'Merged: acme/shop#6 `Fix`',
      'Watch after the release of acme/shop#6 (record 10): passed, every monitor was OK',
      'The post-mortem is done, closed by ana',
    ])
  })

  test('says when it happened, and which record says so', () => {
    const [opened, step] = dossierEntries(records, { repositoryId: 2, number: 7 })
    expect(opened).toEqual({ seq: 2, at: new Date('2026-10-19T16:00:00Z'), text: 'Opened as P0' })
    expect(step).toMatchObject({ seq: 5, at })
  })
})

describe('a dossier of changes in a repository', () => {
  const linked = record('incident linked', { repository, incident: 7, pull: { repository: shop, number: 6 } })
  const texts = (...records: object[]) =>
    dossierEntries([linked, ...records] as never, { repositoryId: 2, number: 7 }).map(({ text }) => text)

  test('that was renamed since it named the incident has what came after', () => {
    const store = { ...shop, name: 'store' }
    const watched = { repository: store, release: 'acme/store#6', verdict: 'passed', why: 'well' }
    expect(
      texts(
        record('merged', { repository: store, number: 6, title: 'Fix' }),
        record('exception', { repository: store, number: 6 }),
        record('watched', watched),
      ),
    ).toEqual([
      'Named by the urgent pull request acme/shop#6',
      'Merged: acme/store#6 `Fix`',
      'The merge of acme/store#6 bypassed the gate',
      'Watch after the release of acme/store#6: passed, well',
    ])
  })

  test('has nothing of another one that got its name', () => {
    const other = { ...shop, id: 9 }
    expect(
      texts(
        record('merged', { repository: other, number: 6, title: 'Other' }),
        record('watched', { repository: other, release: 'acme/shop#6', verdict: 'failed', why: 'x' }),
      ),
    ).toEqual(['Named by the urgent pull request acme/shop#6'])
  })
})
