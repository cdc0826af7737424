import { readdirSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import Table from 'cli-table3'
import { setStage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories } from '../../src/sandbox/workshop.ts'
import { benchDecide } from './decide.ts'
import { benchLatency } from './latency.ts'
import type { Measure } from './measure.ts'
import { benchHours, benchRequests } from './requests.ts'
import { benchStart } from './start.ts'

/**
 * `npm run bench [NAME…]`: prints what was measured beside what was aimed at. It asserts nothing: times depend on the
 * machine and on what else runs there, which is why the load is printed too.
 */
const own = ['run', 'measure', 'places', 'requests', 'latency', 'start', 'decide']
const others = readdirSync(import.meta.dirname)
  .map((file) => file.replace(/\.ts$/, ''))
  .filter((name) => !own.includes(name))

async function onAStage(): Promise<Measure[]> {
  const stage = await setStage({ at: new Date('2026-11-24T22:00:00Z') })
  try {
    cast(stage)
    const shop = await setUpRepositories(stage)
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

/** The benches that stand beside this file: each exports functions named `bench…`, without parameters, that give measures. */
async function fromFile(name: string): Promise<Measure[]> {
  const exported: Record<string, unknown> = await import(new URL(`./${name}.ts`, import.meta.url).href)
  const measures: Measure[] = []
  for (const [key, bench] of Object.entries(exported)) {
    if (key.startsWith('bench') && typeof bench === 'function' && bench.length === 0)
      measures.push(...(await bench()))
  }
  return measures
}

const suites: [string, () => Promise<Measure[]> | Measure[]][] = [
  ['path', onAStage],
  ['requests', benchHours],
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
  const rows = await Promise.resolve()
    .then(bench)
    .catch((error: unknown) => {
      process.stderr.write(`\n${name} could not be measured: ${error}\n`)
      process.exitCode = 1
      return []
    })
  const machine = `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}`
  if (rows.length > 0) say(`\n${name}: ${machine}, Node ${process.version}, load before ${load}`, rows)
}
