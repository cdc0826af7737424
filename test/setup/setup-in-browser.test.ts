import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseEnv } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveSetupPage } from '../../src/setup/setup-page.ts'
import { appKey } from '../support/app-key.ts'
import { accessibilityProblems, desktop, overflow, phone, startBrowser } from '../support/browser.ts'

const folder = mkdtempSync(join(tmpdir(), 'setup-'))
let browser: Browser
const github = createServer((request, response) => void answer(request, response))
let setup: Awaited<ReturnType<typeof serveSetupPage>>

/** GitHub's part: it creates the App from the posted manifest and sends the browser back, then exchanges the code. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://github.test')
  if (url.pathname === '/organizations/acme/settings/apps/new') {
    const { redirect_url } = JSON.parse(new URLSearchParams(await text(request)).get('manifest') ?? '{}')
    const back = `${redirect_url}?code=abc&state=${url.searchParams.get('state')}`
    return void response.writeHead(302, { location: back }).end()
  }
  if (url.pathname !== '/api/v3/app-manifests/abc/conversions') return void response.writeHead(404).end()
  const app = {
    id: 77,
    client_id: 'Iv1.1',
    client_secret: 'c',
    webhook_secret: 'a-long-webhook-secret',
    pem: appKey,
  }
  const html_url = `http://${request.headers.host}/github-apps/release-gate`
  response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ ...app, html_url }))
}

beforeAll(async () => {
  await once(github.listen(0, '127.0.0.1'), 'listening')
  setup = await serveSetupPage({
    port: 0,
    apiUrl: `http://127.0.0.1:${(github.address() as AddressInfo).port}/api/v3`,
    webhookUrl: undefined,
    organization: undefined,
    envFile: join(folder, '.env'),
    saved() {},
    log: { error() {} },
  })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser.close()
  setup.server.close()
  github.close()
  rmSync(folder, { recursive: true })
})

/** Moves the focus with Tab until it is on the element, and fails after a round over the page. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 20; presses++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate<boolean>(`document.activeElement.matches(${JSON.stringify(selector)})`)) return
  }
  throw new Error(`Tab does not reach ${selector}`)
}

describe.each([
  ['1280 px', desktop],
  ['375 px', phone],
  ['375 px in the dark theme', { ...phone, colorScheme: 'dark' as const }],
])('the setup at %s', (_, screen) => {
  test('goes from nothing to an App by keyboard alone; every page is accessible and fits', async () => {
    const page = await (await browser.newContext(screen)).newPage()
    const expectReadable = async (title: string) => {
      expect(await page.title()).toContain(title)
      expect(await accessibilityProblems(page)).toEqual([])
      expect(await overflow(page)).toBe(0)
    }
    await page.goto(setup.url)
    await expectReadable('Set up release-gate')
    await tabTo(page, '#webhookUrl')
    await page.keyboard.type('https://localhost/hook')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/review?*')
    await expectReadable('Set up release-gate')
    expect(await page.locator('.error').allTextContents()).toHaveLength(2)

    await page.fill('#webhookUrl', '')
    await tabTo(page, '#organization')
    await page.keyboard.type('acme')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/review?*organization=acme*')
    await expectReadable('Review the App')
    await tabTo(page, 'button')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${setup.url}/next`)
    await expectReadable('The App was created')
    expect(parseEnv(readFileSync(join(folder, '.env'), 'utf8'))).toMatchObject({ APP_ID: '77' })
    await page.context().close()
  })
})
