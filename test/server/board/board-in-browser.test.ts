import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../../src/store/database.ts'
import {
  appendAll,
  factsOf,
  fillBoard,
  keepVerdict,
  manyPulls,
  manyRecords,
  shop,
} from '../../support/board-world.ts'
import {
  accessibilityProblems,
  aPage,
  desktop,
  overflow,
  phone,
  startBrowser,
} from '../../support/browser.ts'
import { aDatabase } from '../../support/databases.ts'
import { serveBoard } from '../../support/served-board.ts'

let database: Database
let board: Awaited<ReturnType<typeof serveBoard>>
let browser: Browser
beforeAll(async () => {
  database = await aDatabase()
  await fillBoard(database)
  board = await serveBoard(database)
  browser = await startBrowser()
})
afterAll(async () => {
  await browser.close()
  await board.close()
  await database.close()
})

const paths = [
  '/',
  '/pulls?state=waiting',
  '/changes/acme/shop/7',
  '/changes/acme/shop/7/replay',
  '/changes/acme/shop/4',
  '/regression/acme/shop/staging',
  '/audit',
  '/enforcement',
]

/** What the browser complains about, such as something that the page's own policy forbids. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  page.on('pageerror', (error) => void complaints.push(error.message))
  return complaints
}

describe.each([
  ['at 1280 px', desktop],
  ['at 1280 px in the dark theme', { ...desktop, colorScheme: 'dark' as const }],
  ['at 375 px', phone],
  ['at 375 px in the dark theme', { ...phone, colorScheme: 'dark' as const }],
])('the board %s', (_, screen) => {
  test('is accessible, fits the screen and keeps to its own policy on every page', async () => {
    const page = await aPage(browser, screen)
    const complaints = complaintsOf(page)
    for (const path of paths) {
      await page.goto(board.url + path)
      expect([path, await accessibilityProblems(page), await overflow(page)]).toEqual([path, [], 0])
    }
    expect(complaints).toEqual([])
    await page.close()
  })
})

test('the page follows what happens, without a reload, and counts down', async () => {
  const page = await aPage(browser)
  await page.goto(board.url)
  await page.evaluate('window.neverReloaded = true')
  await expect
    .poll(() => page.locator('[data-until]').first().textContent())
    .toMatch(/^23 hours \d+ minutes$/)
  await keepVerdict(database, factsOf(shop, 600, { title: 'It was opened just now' }))
  await page.getByText('It was opened just now').waitFor()
  expect(await page.evaluate('window.neverReloaded')).toBe(true)
  expect(await page.locator('#updated').textContent()).toBe('Updated.')
  await page.close()
})

test('a form that somebody fills in is not taken away', async () => {
  const page = await aPage(browser)
  await page.goto(`${board.url}/pulls`)
  await page.locator('#q').fill('half a wor')
  await keepVerdict(database, factsOf(shop, 601))
  await page.getByText('There is newer data').waitFor({ state: 'visible' })
  expect(await heightOfNote(page)).toBeGreaterThan(10)
  expect(await page.locator('#q').inputValue()).toBe('half a wor')
  await page.close()
})

const heightOfNote = async (page: Page) => (await page.locator('#updated').boundingBox())?.height ?? 0
const noLonger = 'This page is no longer updated. Reload it, or sign in again.'

test('a page whose stream is refused says that it is no longer updated', async () => {
  const page = await aPage(browser)
  await page.route('**/events*', (route) => route.fulfill({ status: 401 }))
  await page.goto(board.url)
  await page.getByText(noLonger).waitFor()
  expect(await heightOfNote(page)).toBeGreaterThan(10)
  await page.close()
})

test('a page that is refused when it is read again says so, and shows nothing when it was read', async () => {
  const page = await aPage(browser)
  await page.goto(board.url)
  const refuse = page.route(`${board.url}/`, (route) => route.fulfill({ status: 401 }))
  await refuse
  await keepVerdict(database, factsOf(shop, 602))
  await page.getByText(noLonger).waitFor()
  expect(await heightOfNote(page)).toBeGreaterThan(10)
  await page.unroute(`${board.url}/`)
  await keepVerdict(database, factsOf(shop, 603))
  await expect.poll(() => page.locator('#updated').textContent()).toBe('Updated.')
  expect(await heightOfNote(page)).toBeLessThan(2)
  await page.close()
})

test('a countdown that has come to its end reads the page again, once', async () => {
  const page = await aPage(browser)
  await page.goto(board.url)
  let reads = 0
  page.on('request', (request) => {
    if (request.url() === `${board.url}/`) reads += 1
  })
  await page.evaluate(`for (const each of document.querySelectorAll('[data-until]'))
    each.dataset.until = new Date(Date.parse(each.dataset.now) + Date.now() - loaded + 500).toISOString()`)
  await expect.poll(() => page.locator('#updated').textContent(), { timeout: 5_000 }).toBe('Updated.')
  expect(await page.locator('[data-until]').first().textContent()).not.toBe('0 seconds')
  expect(reads).toBe(1)
  await page.close()
})

test('a captain finds a change and replays it by keyboard alone', async () => {
  const page = await aPage(browser)
  await page.goto(board.url)
  const follow = async (name: string | RegExp, heading: string) => {
    await page.getByRole('link', { name }).first().focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
  }
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
  await follow(/^Raise the cap on rewards$/, 'Raise the cap on rewards')
  await follow('Replay all', 'Replay of all decisions')
  expect(await page.locator('main').textContent()).toContain('replayed to the same result')
  await page.close()
})

test('five hundred open pull requests and ten thousand records are shown in pages below 100 kB', async () => {
  const many = manyPulls(shop, 480, 100)
  for (const snapshot of many) await keepVerdict(database, snapshot)
  await appendAll(database, manyRecords(many, 10_000))
  const page = await aPage(browser)
  for (const path of ['/', '/pulls', '/changes/acme/shop/100', '/audit']) {
    const response = await page.goto(board.url + path)
    const size = (await response?.body())?.length ?? 0
    expect([path, response?.status(), size < 100_000]).toEqual([path, 200, true])
  }
  await page.close()
})
