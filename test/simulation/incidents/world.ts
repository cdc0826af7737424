import type { Stage } from '../../../src/sandbox/stage.ts'
import { openDatabase } from '../../../src/store/database/open.ts'
import {
  aWorldWithIncidents,
  incidentPolicy,
  incidents,
  openIncidents,
  sendPagerDuty,
  workOn,
} from '../../support/incidents.ts'
import { type Random, random } from '../random.ts'
import { clocksInPolicy, ExpectedIncident, isHigher, type Severity } from './oracle.ts'
import { brokenPromises } from './promises.ts'

/** So many histories of incidents in one world, under one clock, and how much happens in each. */
export type Size = { histories: number; acts: number }

const policy = `${incidentPolicy}${clocksInPolicy}`
const writers = ['ana', 'ben', 'eva'] as const

/** One incident, or the ones that an alert opened one after the other. `fired`: how often its alert was delivered as another event. */
type History = {
  id: number
  alert: string | undefined
  fired: number
  /** Whether one of its alerts was of a P0. */
  high: boolean
  number: number
  expected: ExpectedIncident
  again: number
}

/** When the bot hears of what somebody did: where GitHub loses the deliveries, its check at the start finds it. */
type Hears = 'at once' | 'after a kill' | 'by the check at its start'

export type Outcome = {
  broken: string[]
  seen: { acts: number; pages: number; breaches: number; kills: number; faults: number }
}

export async function playIncidents(
  seed: number,
  size: Size,
  aStage: (at: Date) => Promise<Stage>,
): Promise<Outcome> {
  const stage = await aStage(new Date('2026-10-19T16:00:00Z'))
  const world = new World(stage, random(seed))
  try {
    return await world.play(size)
  } finally {
    await stage.close()
  }
}

class World {
  private readonly told: string[] = []
  private readonly past: History[] = []
  private readonly seen = { acts: 0, kills: 0, faults: 0 }

  private readonly stage: Stage
  private readonly random: Random

  constructor(stage: Stage, random: Random) {
    this.stage = stage
    this.random = random
  }

  async play({ histories, acts }: Size): Promise<Outcome> {
    const shop = await aWorldWithIncidents(this.stage, policy)
    await shop.openPull('ana', { branch: 'first', title: 'First', files: { 'src/a.ts': 'a\n' } })
    const all: History[] = []
    for (let id = 1; id <= histories; id++) {
      all.push(await this.open(id))
      await this.pass(this.random.between(61, 400))
    }
    for (let act = 0; act < acts * histories; act++) {
      const history = this.random.pick(all)
      await this.trouble()
      const hears = this.random.weighted<Hears>([
        [84, 'at once'],
        [8, 'after a kill'],
        [8, 'by the check at its start'],
      ])
      const at = all.indexOf(history)
      all[at] = await this.actHeard(history, hears)
      this.seen.acts += 1
      await this.drain()
      const short = this.random.between(61, 600)
      const long = this.random.between(1_200, 12_000)
      const night = this.random.between(8 * 3_600, 16 * 3_600)
      await this.pass(
        this.random.weighted([
          [75, short],
          [20, long],
          [5, night],
        ]),
      )
      await this.retries()
    }
    await this.pass(30 * 60)
    const database = await openDatabase(this.stage.database)
    const { broken, pages, breaches } = await brokenPromises(this.stage, [...all, ...this.past], database)
    await database.close()
    const story = broken.map((line) => `${line}\n  ${this.told.join('\n  ')}`)
    return { broken: story, seen: { ...this.seen, pages, breaches } }
  }

  /** Does something, and lets the bot hear of it. */
  private async actHeard(history: History, hears: Hears): Promise<History> {
    if (hears === 'at once') return this.act(history, true)
    if (hears === 'after a kill') {
      await this.kill()
      const after = await this.act(history, false)
      await this.start()
      return after
    }
    this.tell(history.id, 'GitHub loses all deliveries about what follows')
    this.seen.faults += 1
    const removeFault = this.stage.github.faults.add({ kind: 'lose' })
    let after = await this.act(history, false)
    removeFault()
    if (after.alert && after.expected.isResolved && this.random.chance(0.7)) {
      await this.pass(this.random.between(60, 1_800))
      after = await this.openAgain(after)
    }
    await this.pass(this.random.between(60, 3_300))
    await this.kill()
    await this.start()
    return after
  }

  private now = () => this.stage.now().getTime()
  private pass = (seconds: number) => this.stage.moveTo(new Date(this.now() + seconds * 1_000))
  private tell = (id: number, what: string) =>
    void this.told.push(`${this.stage.now().toISOString()} ${id}: ${what}`)

  private async open(id: number): Promise<History> {
    if (this.random.chance(0.6)) return this.openByAlert({ id, alert: `A${id}`, fired: 0 })
    const severity = this.random.pick<Severity>(['P0', 'P1', 'P2', 'P3'])
    this.tell(id, `gus opens a ${severity}`)
    const body = `### Severity\n\n${severity}\n\n### Component\n\nrewards\n`
    const { data } = await this.stage
      .as('gus')
      .rest.issues.create({ ...incidents, title: `Form ${id}`, body, labels: ['incident'] })
    await this.stage.settled()
    const expected = new ExpectedIncident(this.now(), severity)
    return { id, alert: undefined, fired: 0, high: false, number: data.number, expected, again: 0 }
  }

  private async openByAlert(history: Pick<History, 'id' | 'alert' | 'fired'>): Promise<History> {
    const { id, alert = '', fired } = history
    const before = (await openIncidents(this.stage)).length
    const high = this.random.chance(0.5)
    this.tell(id, `the alert ${alert} fires, ${high ? 'high' : 'low'}`)
    await this.fire(history, high)
    if (this.random.chance(0.4)) await this.fire(history, high)
    for (let tries = 0; tries < 10 && (await openIncidents(this.stage)).length === before; tries++)
      await this.pass(60)
    const [newest] = (await openIncidents(this.stage)).slice(-1)
    const expected = new ExpectedIncident(this.fireTime, high ? 'P0' : 'P2')
    return { id, alert, fired: fired + 1, high, number: newest?.number ?? 0, expected, again: 0 }
  }

  private openAgain(history: History): Promise<History> {
    this.past.push(history)
    return this.openByAlert(history)
  }

  private fireTime = 0
  private async fire({ alert = '', fired }: Pick<History, 'alert' | 'fired'>, high: boolean): Promise<void> {
    this.fireTime = this.now()
    const incident = { id: alert, title: `Alert ${alert}`, urgency: high ? 'high' : 'low' }
    await sendPagerDuty(this.stage, incident, { id: `${alert}-${fired}` })
  }

  private async trouble(): Promise<void> {
    if (this.random.chance(0.15)) {
      this.seen.faults += 1
      this.tell(0, 'GitHub loses an answer to the bot')
      const path = /\/issues(\/\d+\/comments)?$/
      this.stage.github.faults.add({ kind: 'lost-reply', times: 1, method: 'POST', path, only: 'app' })
    }
    const { pagerDuty } = this.stage.operations ?? {}
    // More failures than it is tried before somebody answers, and nobody needs to be paged any longer.
    if (!this.random.chance(0.35) || !pagerDuty || pagerDuty.failuresLeft() > 0) return
    this.seen.faults += 1
    const fault = this.random.pick([500, 429, 'cut', 'lose the answer'] as const)
    const times = this.random.between(1, 3)
    this.tell(0, `PagerDuty: ${fault}, ${times} times`)
    pagerDuty.fail(fault, times)
  }

  private async kill(): Promise<void> {
    this.tell(0, 'the bot is killed')
    this.seen.kills += 1
    await this.stage.kill()
  }

  private async start(): Promise<void> {
    await this.stage.startBot()
    await this.stage.settled()
  }

  /** Until every retry was made. */
  private async drain(): Promise<void> {
    if (this.random.chance(0.05)) {
      await this.kill()
      await this.start()
    }
    await this.retries()
  }

  /** A clock that jumps over a night leaves all that was due in it to one moment; nobody answers in the same one. */
  private async retries(): Promise<void> {
    for (const seconds of [10, 20, 61]) await this.pass(seconds)
  }

  /** Each act is one that counts, or one that must not. `isHeard`: the bot hears of it at once; alerts are sent only then. */
  private async act(history: History, isHeard: boolean): Promise<History> {
    const { id, expected, number, alert } = history
    const issue = workOn(this.stage, number)
    const by = this.random.pick(writers)
    if (expected.isResolved) {
      if (alert && isHeard && this.random.chance(0.5)) return this.openAgain(history)
      this.tell(id, `${by} reopens`)
      expected.reopen(this.now())
      await this.stage.as(by).rest.issues.update({ ...incidents, issue_number: number, state: 'open' })
      await this.stage.settled()
      return history
    }
    const acts: [number, string, () => Promise<unknown>][] = [
      [2, 'acknowledges', () => this.say(expected, by, '/ack', issue, () => expected.acknowledge())],
      [1, 'assigns', () => this.assign(expected, by, issue)],
      [1, 'mitigates', () => this.say(expected, by, '/mitigated', issue, () => expected.mitigate())],
      [2, 'raises by a comment', () => this.raise(expected, by, issue, false)],
      [1, 'raises by a label', () => this.raise(expected, by, issue, true)],
      [2, 'lowers with a second person', () => this.lower(expected, by, issue, true, isHeard)],
      [1, 'lowers alone', () => this.lower(expected, by, issue, false, isHeard)],
      [2, 'has it wait for the customer, or no longer', () => this.wait(expected, by, number)],
      [1, 'closes as not planned', () => issue.close(by, 'not_planned')],
      [expected.hasResponse ? 3 : 1, 'resolves', () => this.resolve(expected, by, issue)],
      ...(alert && isHeard
        ? [
            [2, 'sees the alert fire again', () => this.fireAgain(history)] as [
              number,
              string,
              () => Promise<unknown>,
            ],
          ]
        : []),
    ]
    const [what, act] = this.random.weighted(
      acts.map(([weight, name, run]) => [weight, [name, run] as const] as const),
    )
    this.tell(id, `${by} ${what}`)
    await act()
    return history
  }

  private async say(
    expected: ExpectedIncident,
    by: string,
    text: string,
    issue: Issue,
    then: () => void,
  ): Promise<void> {
    expected.respond(this.now())
    then()
    await issue.comment(by, text)
  }

  private async assign(expected: ExpectedIncident, by: string, issue: Issue): Promise<void> {
    expected.respond(this.now())
    expected.acknowledge()
    await issue.assign(by, 'ana')
  }

  private async wait(expected: ExpectedIncident, by: string, number: number): Promise<void> {
    const name = 'waiting-for-customer'
    const { rest } = this.stage.as(by)
    const wasWaiting = expected.isWaiting
    expected.wait(this.now())
    const place = { ...incidents, issue_number: number }
    if (wasWaiting) await rest.issues.removeLabel({ ...place, name })
    else await rest.issues.addLabels({ ...place, labels: [name] })
    await this.stage.settled()
  }

  private async raise(expected: ExpectedIncident, by: string, issue: Issue, label: boolean): Promise<void> {
    const severity = this.random.pick<Severity>(['P0', 'P1'])
    if (!isHigher(severity, expected.severity)) return
    expected.change(this.now(), severity)
    if (label) return issue.label(by, `sev/${severity}`)
    expected.respond(this.now())
    await issue.comment(by, `/severity ${severity}`)
  }

  private async lower(
    expected: ExpectedIncident,
    by: string,
    issue: Issue,
    second: boolean,
    isHeard: boolean,
  ): Promise<void> {
    const severity = this.random.pick<Severity>(['P1', 'P2', 'P3'])
    if (!isHigher(expected.severity, severity)) return
    expected.respond(this.now())
    // Where the bot reads the proposal and its confirmation together, the record of the confirmation names both.
    if (!second || isHeard) expected.propose()
    await issue.comment(by, `/severity ${severity} fewer people`)
    await this.pass(30)
    const other = writers.find((one) => one !== by) ?? by
    if (second) expected.change(this.now(), severity)
    await issue.comment(second ? other : by, '/confirm')
  }

  private async resolve(expected: ExpectedIncident, by: string, issue: Issue): Promise<void> {
    expected.resolve(this.now())
    await issue.close(by)
  }

  private async fireAgain(history: History): Promise<void> {
    const high = this.random.chance(0.5)
    // What an alert said before says nothing new.
    if (high && !history.high && isHigher('P0', history.expected.severity))
      history.expected.change(this.now(), 'P0')
    history.high ||= high
    await this.fire(history, high)
    if (this.random.chance(0.5)) await this.fire(history, high)
    history.fired += 1
    history.again += 1
  }
}

type Issue = ReturnType<typeof workOn>
