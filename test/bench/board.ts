import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../src/store/database/open.ts'
import { appendAll, fillBoard, keepVerdict, manyPulls, manyRecords, shop } from '../support/board-world.ts'
import { startBrowser } from '../support/browser.ts'
import { serveBoard } from '../support/served-board.ts'
import { pgliteTemplate } from '../support/templates.ts'
import { type Measure, percentile } from './measure.ts'

const paths = { Now: '/', 'A change': '/changes/acme/shop/100', 'The list': '/pulls', Audit: '/audit' }
const views = 20

/** Time to the first byte, time until a page is usable, and its weight, with 500 open pull requests and 10,000 records on PGlite. */
export async function benchBoard(): Promise<Measure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'release-gate-bench-'))
  await cp(await pgliteTemplate(), join(folder, 'postgres'), { recursive: true })
  const database = await openDatabase({ dataDir: folder })
  await fillBoard(database)
  const many = manyPulls(shop, 480, 100)
  for (const snapshot of many) await keepVerdict(database, snapshot)
  await appendAll(database, manyRecords(many, 10_000))
  const board = await serveBoard(database)
  try {
    const first = await firstByte(`${board.url}/`)
    const measures: Measure[] = [
      { name: 'Now: the first view after a start, to its first byte', value: first.ms, unit: 'ms' },
    ]
    for (const [name, path] of Object.entries(paths))
      measures.push(...(await pageMeasures(name, board.url + path)))
    return [...measures, ...(await usable(board.url))]
  } finally {
    await board.close()
    await database.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function pageMeasures(name: string, url: string): Promise<Measure[]> {
  const seen = []
  for (let view = 0; view < views; view++) seen.push(await firstByte(url))
  const times = seen.map(({ ms }) => ms)
  return [
    { name: `${name}: to the first byte, median`, value: percentile(times, 0.5), unit: 'ms', aim: '100' },
    { name: `${name}: to the first byte, 95%`, value: percentile(times, 0.95), unit: 'ms' },
    { name: `${name}: HTML`, value: (seen[0]?.bytes ?? 0) / 1000, unit: 'kB', aim: '100' },
  ]
}

async function firstByte(url: string): Promise<{ ms: number; bytes: number }> {
  const began = performance.now()
  const response = await fetch(url)
  const ms = performance.now() - began
  return { ms, bytes: (await response.arrayBuffer()).byteLength }
}

/** Until the browser has parsed the page and its script has run; everything that it loads, uncompressed. */
async function usable(url: string): Promise<Measure[]> {
  const browser = await startBrowser()
  const page = await browser.newPage()
  await page.goto(url)
  const times: number[] = []
  let bytes = 0
  for (let view = 0; view < views; view++) {
    await page.goto(url, { waitUntil: 'domcontentloaded' })
    const timing = 'performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd'
    times.push(await page.evaluate<number>(timing))
    bytes = await page.evaluate<number>(
      'performance.getEntries().reduce((sum, { decodedBodySize = 0 }) => sum + decodedBodySize, 0)',
    )
  }
  await browser.close()
  return [
    { name: 'Now: usable in a browser, median', value: percentile(times, 0.5), unit: 'ms', aim: '500' },
    { name: 'Now: everything that is loaded', value: bytes / 1000, unit: 'kB', aim: '100' },
  ]
}
