import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { accessibilityProblems, aPage, desktop, overflow, phone, startBrowser } from '../support/browser.ts'
import { aStage } from '../support/stage.ts'

/** The board of a real bot, in a real browser: signing in, freezing and unfreezing, by the pages alone. */

let stage: Stage
let shop: Workshop
let change: Change
let browser: Browser
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-25T18:10:00Z') })
  cast(stage)
  stage.github.installApp('foodyepay')
  shop = await setUpRepositories(stage)
  stage.github.setCollaborator('foodyepay/mcp-server', 'eva', 'maintain')
  change = await shop.openPull('ana', { branch: 'a', title: 'A', files: { 'src/a.ts': 'a\n' } })
  await shop.review('chloe', change)
  await shop.review('dev', change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser.close()
  await stage.close()
})

async function expectReadable(page: Page): Promise<void> {
  expect(await accessibilityProblems(page)).toEqual([])
  expect(await overflow(page)).toBe(0)
}

describe.each([
  ['1280 px', desktop],
  ['375 px in the dark theme', { ...phone, colorScheme: 'dark' as const }],
])('the board at %s', (_, screen) => {
  test('lets eva sign in with GitHub, freeze, unfreeze and sign out; every page is accessible and fits', async () => {
    const page = await aPage(browser, screen)
    const refusals: string[] = []
    page.on('console', (message) => message.type() === 'error' && refusals.push(message.text()))
    const address = `${stage.bot().url}/freeze?repository=foodyepay/mcp-server`
    await page.goto(address)
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    await expectReadable(page)
    await page.click('text=Sign in with GitHub')
    await page.click('text=Continue as eva')
    await page.waitForURL(address)
    await expectReadable(page)
    await page.fill('#reason', 'Ledger <b>is</b> being repaired')
    await page.click('button:has-text("Continue")')
    await expectReadable(page)
    await page.click('main button:has-text("Freeze")')
    expect(await page.textContent('[role=status]')).toBe('foodyepay/mcp-server is frozen until it is lifted.')
    await stage.settled()
    const frozen = await shop.check(change)
    expect(frozen).toMatchObject({ title: 'Frozen: Ledger <b>is</b> being repaired', conclusion: null })
    expect(frozen?.summary).toContain('eva (maintain)')

    await page.goto(`${stage.bot().url}/unfreeze?repository=foodyepay/mcp-server`)
    await page.click('button:has-text("End the freeze")')
    await expectReadable(page)
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })

    await page.click('text=Sign out')
    await page.waitForURL(`${stage.bot().url}/sign-in`)
    await page.goto(address)
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    expect(refusals).toEqual([])
    await page.context().close()
  })
})

test('a page of another site cannot frame the board, and its form orders nothing', async () => {
  const page = await aPage(browser, desktop)
  await page.goto(`${stage.bot().url}/sign-in`)
  await page.click('text=Sign in with GitHub')
  await page.click('text=Continue as eva')
  await page.waitForURL(`${stage.bot().url}/`)
  const target = `${stage.bot().url}/freeze`
  const evil = `<form method="post" action="${target}"><input name="repository" value="foodyepay/mcp-server">
    <input name="reason" value="x"><input name="confirmed" value="yes"><button>Win a prize</button></form>
    <iframe src="${target}"></iframe>`
  await page.route('http://evil.example/', (route) => route.fulfill({ contentType: 'text/html', body: evil }))
  await page.goto('http://evil.example/')
  await expect
    .poll(() => page.frames().map((frame) => frame.url()))
    .toContain('chrome-error://chromewebdata/')
  await page.click('button')
  await page.waitForURL(/\/freeze|sign-in/)
  await stage.settled()
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  await page.context().close()
})
