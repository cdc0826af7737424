import { performance } from 'node:perf_hooks'
import { evaluateDue } from '../../src/gate/calendar/reevaluate-due.ts'
import { applyTransitions } from '../../src/gate/calendar/transitions.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { aWorld, later, opening, prepared, type World } from '../support/closing.ts'
import type { Measure } from './measure.ts'

const open = 1_000
const ready = 50

/**
 * An opening with 1,000 open pull requests of which 50 are ready, and the recomputation of 1,000 verdicts, on PGlite in
 * memory. The verdicts are kept as an evaluation keeps them, without the sandbox's GitHub: its checks are in memory and answer
 * at once, so what is measured is the bot's own time; GitHub's comes on top of the first green.
 */
export async function benchTransitions(): Promise<Measure[]> {
  const database = await openDatabase({ dataDir: 'memory://' })
  try {
    const world = aWorld(database)
    await fill(world)
    return [...(await benchOpening(world)), await benchRecomputation(world, database)]
  } finally {
    await database.close()
  }
}

/** All have their checks since days; the ready ones are read again five minutes before the opening. */
async function fill(world: World): Promise<void> {
  for (let number = 1; number <= open; number++) {
    world.setTime(later(opening, (number - open) * 10 - 86_400))
    await world.read(number, number <= ready ? {} : { reviews: [] })
    await world.publish(number)
  }
  world.setTime(prepared)
  for (let number = 1; number <= ready; number++) await world.read(number)
}

async function benchOpening(world: World): Promise<Measure[]> {
  const { checks, asked, shell } = world
  const before = checks.writes.length
  asked.evaluations.length = 0
  let firstGreen = 0
  let readsBefore = 0
  checks.disturb(({ conclusion }) => {
    if (firstGreen === 0 && conclusion === 'success') {
      firstGreen = performance.now()
      readsBefore = asked.evaluations.length
    }
    return undefined
  })
  world.setTime(opening)
  const start = performance.now()
  await applyTransitions(shell, new AbortController().signal)
  const end = performance.now()
  const name = `opening, ${open} open, ${ready} ready`
  return [
    { name: `${name}: writes`, value: checks.writes.length - before, unit: '', aim: '50' },
    { name: `${name}: reads before the first green`, value: readsBefore, unit: '', aim: '0' },
    { name: `${name}: first green`, value: firstGreen - start, unit: 'ms', aim: 'within 1000' },
    { name: `${name}: all green`, value: end - start, unit: 'ms', aim: '–' },
  ]
}

/** At the moment at which the window has closed every verdict is due: judged again, and its next time kept. */
async function benchRecomputation(world: World, database: Database): Promise<Measure> {
  const at = later(opening, 1_800)
  await database.query('UPDATE release_gate.verdicts SET next_at = $1', [at])
  world.setTime(at)
  const start = performance.now()
  const keepTimes = await evaluateDue(world.shell, at, new AbortController().signal)
  await keepTimes()
  const value = performance.now() - start
  return { name: `${open} verdicts judged again and kept`, value, unit: 'ms', aim: 'within 200' }
}
