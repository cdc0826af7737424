import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decideAgain } from '../../src/incidents/evaluate-incident.ts'
import { hourlyIncidentCheck, readIncidentRepository } from '../../src/incidents/hourly.ts'
import type { Database } from '../../src/store/database.ts'
import { saveIncidentCheck } from '../../src/store/incident-repositories.ts'
import { saveIncident, storedIncident } from '../../src/store/incidents.ts'
import { mirrorRows } from '../../src/store/mirrors.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { decided, facts, settings } from '../decision/incidents/building.ts'
import { aPglite } from '../support/databases.ts'
import { anIncidentShell } from '../support/incident-shell.ts'

/** The clock of this machine was ahead for a while, and what was stored then names times that have not come yet. */

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'incidents' }
const at = (clock: string) => `2026-10-19T${clock}:00Z`
const { signal } = new AbortController()

let database: Database
let now: Date
let asked: number
beforeAll(async () => {
  database = await aPglite()
  const shop = { ...repository, repositoryId: 3, repo: 'shop' }
  const text = 'gates:\n  approvals: {}\nincidents:\n  repository: acme/incidents\n'
  await keepValidPolicy(database, shop, { text, blob: '1' })
})
beforeEach(() => {
  asked = 0
})
afterAll(() => database.close())

const shell = () =>
  anIncidentShell(database, () => now, {
    paging: { eventsUrl: '', keys: { on_call: 'one', lead: 'another' } },
    github: () => {
      asked += 1
      return Promise.reject(new Error('GitHub is not reached'))
    },
  })

describe('an incident that was decided on while the clock was ahead', () => {
  const kept = async (number: number) => {
    const known = {
      number,
      openedAt: at('15:59'),
      reported: [{ at: at('15:59'), severity: 'P0' }],
      takenAt: at('18:00'),
    }
    const key = { repository, number, governedBy: repository, settings, digest: '' }
    await saveIncident(database, { ...key, facts: facts(known), incident: decided(known) })
    const stored = await storedIncident(database, { repository, number })
    if (!stored) throw new Error('It was not kept')
    return stored
  }
  const pagesOf = async (number: number) =>
    (await mirrorRows(database, { repository, number }, 'pagerduty')).map(({ key }) => key)

  test('goes on at once when the clock is set back: its page is not late', async () => {
    now = new Date(at('16:00'))
    await decideAgain(shell(), await kept(7))
    expect(await pagesOf(7)).toEqual(['release-gate/1/2/7/0/P0/0/on_call'])
  })

  test('is left to the newer decision where that is of another process, whose clock is a little ahead', async () => {
    now = new Date('2026-10-19T17:59:30Z')
    await decideAgain(shell(), await kept(8))
    expect(await pagesOf(8)).toEqual([])
  })
})

describe('a check of the incident repository that was noted while the clock was ahead', () => {
  const noted = (clock: string) =>
    saveIncidentCheck(database, repository, { at: at(clock), repositoryId: 2 }, () => now)
  const task = { installationId: 1, owner: 'acme', repo: 'incidents' }

  test.each([
    ['ahead by more than an hour is repeated', '17:30', 1],
    ['ahead by less is not', '16:30', 0],
  ])('%s', async (_, clock, times) => {
    now = new Date(at('16:00'))
    const check = hourlyIncidentCheck(shell(), () => true)
    await noted(clock)
    await check(signal)
    expect(asked).toBe(times)
    await readIncidentRepository(shell(), task, signal).catch(() => undefined)
    expect(asked).toBe(2 * times)
  })
})
