import type { Stage } from '../../../src/sandbox/stage.ts'
import { verifyChain } from '../../../src/store/audit/verify.ts'
import type { Database } from '../../../src/store/database.ts'
import { openIncidents, workOn } from '../../support/incidents.ts'
import { recordsOf } from '../../support/merging.ts'
import type { ExpectedIncident } from './oracle.ts'

/** What is compared of one incident. `again`: how often its alert fired again while it was open. */
export type Played = { id: number; number: number; expected: ExpectedIncident; again: number }

type Change = { kind: string; text: string }

/** What is not as the oracle says, one line each; and how many pages and overdue clocks there were to compare. */
export async function brokenPromises(stage: Stage, all: Played[], database: Database) {
  const broken: string[] = []
  const compare = (id: number, what: string, found: unknown, wanted: unknown) => {
    const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)]
    if (one !== other) broken.push(`${id}: ${what}: ${one}, not ${other}`)
  }
  const now = stage.now().getTime()
  const records = await recordsOf(stage)
  const { keys, alerts = [] } = stage.operations?.pagerDuty ?? {}
  let [pages, breaches] = [0, 0]
  for (const { id, number, expected, again } of all) {
    const recorded = records
      .filter(({ kind, body }) => kind === 'incident' && body.incident === number)
      .map(({ body }) => body.changes as Change[])
    compare(id, 'records without a change', recorded.filter((changes) => changes.length === 0).length, 0)
    const changes = recorded.flat()
    const steps = changes.flatMap(({ kind }) => (kind === 'breached' ? [] : [kind]))
    compare(id, 'the records of its steps', steps.sort(), [...expected.happened].sort())
    const overdue = changes.flatMap(({ kind, text }) => (kind === 'breached' ? [text] : []))
    compare(id, 'clocks that ran out twice', overdue.length, new Set(overdue).size)
    const named = overdue.map((text) => text.replace(/ has been overdue.*/, '')).sort()
    compare(id, 'clocks that ran out', named, expected.breached(now))
    const ours = alerts.filter(({ dedupKey }) => dedupKey.split('/')[3] === String(number))
    const targets = ours.map(({ routingKey }) => (routingKey === keys?.lead ? 'lead' : 'on_call')).sort()
    compare(id, 'pages', targets, expected.paged(now))
    const doubled = ours.filter((page) => page.pages !== 1)
    compare(id, 'pages of one key', doubled, [])
    const { said, labels } = await workOn(stage, number).read()
    compare(id, 'comments that are there twice', said.length, new Set(said).size)
    const firedAgain = said.filter((text) => text.includes('fired again'))
    compare(id, 'comments about the alert', firedAgain.length, again)
    compare(id, 'the label of its severity', labels.includes(`sev/${expected.severity}`), true)
    pages += ours.length
    breaches += overdue.length
  }
  const opened = (await openIncidents(stage)).map(({ number }) => number)
  compare(0, 'incidents', opened.sort(), all.map(({ number }) => number).sort())
  compare(0, 'the chain', (await verifyChain(database)).ok, true)
  return { broken, pages, breaches }
}
