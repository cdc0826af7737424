import { existsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import Table from 'cli-table3'
import { setStage } from '../../src/sandbox/stage.ts'
import { cast, furnish } from '../../src/sandbox/workshop.ts'
import { benchDecide } from './decide.ts'
import { benchLatency } from './latency.ts'
import type { Measure } from './measure.ts'
import { benchRequests } from './requests.ts'
import { benchStart } from './start.ts'

/**
 * `npm run bench [NAME…]`: prints what was measured beside what was aimed at. It asserts nothing: times depend on the
 * machine and on what else runs there, which is why the load is printed too.
 */
const others = ['approvals', 'contract', 'regression', 'window']

async function onAStage(): Promise<Measure[]> {
  const stage = await setStage({ at: new Date('2026-11-24T22:00:00Z') })
  try {
    cast(stage)
    const shop = await furnish(stage)
    stage.github.installApp(shop.repository.owner)
    await stage.settled()
    return [
      ...(await benchRequests(stage, shop)),
      ...(await benchLatency(stage, shop)),
      ...(await benchStart(stage)),
    ]
  } finally {
    await stage.close()
  }
}

/** The benches that stand beside this file: each exports functions named `bench…` that give measures. */
async function fromFile(name: string): Promise<Measure[]> {
  const url = new URL(`./${name}.ts`, import.meta.url)
  if (!existsSync(url)) {
    process.stderr.write(`${name}: there is no test/bench/${name}.ts; left out\n`)
    return []
  }
  const exported: Record<string, unknown> = await import(url.href)
  const benches = Object.entries(exported).filter(([key]) => key.startsWith('bench'))
  const measures: Measure[] = []
  for (const [, bench] of benches) if (typeof bench === 'function') measures.push(...(await bench()))
  return measures
}

const suites: [string, () => Promise<Measure[]> | Measure[]][] = [
  ['path', onAStage],
  ['decide', benchDecide],
  ...others.map((name): [string, () => Promise<Measure[]>] => [name, () => fromFile(name)]),
]

function say(load: string, rows: Measure[]): void {
  const table = new Table({ head: ['What', 'Measured', 'Aim'], style: { head: [], border: [] } })
  for (const { name, value, unit, aim = '' } of rows) {
    const digits = Number.isInteger(value) ? 0 : Math.abs(value) < 10 ? 2 : 0
    const shown = value.toLocaleString('en', { maximumFractionDigits: digits })
    table.push([name, `${shown} ${unit}`.trim(), aim])
  }
  process.stdout.write(`${load}\n${table.toString()}\n`)
}

const wanted = process.argv.slice(2)
for (const [name, bench] of suites) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const load = loadavg()[0]?.toFixed(1)
  const rows = await bench()
  const machine = `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}`
  if (rows.length > 0) say(`\n${name}: ${machine}, Node ${process.version}, load before ${load}`, rows)
}
