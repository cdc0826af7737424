import chromium from '@sparticuz/chromium'
import axe, { type AxeResults } from 'axe-core'
import { type Browser, type BrowserContextOptions, type Page, chromium as playwright } from 'playwright-core'

/**
 * Starts a headless Chromium that comes with an npm package: no root, no download. The arguments that the package suggests
 * are not used: they turn off web security, which the tests are about.
 */
export async function startBrowser(): Promise<Browser> {
  const executablePath = await chromium.executablePath()
  return playwright.launch({ args: ['--no-sandbox'], executablePath, timeout: patience })
}

/** Just below vitest's own net, so that what is missing is told. */
const patience = 290_000

/** A page in a context of its own, which ends with it. */
export async function aPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage(options)
  page.setDefaultTimeout(patience)
  return page
}

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 } }
export const phone: BrowserContextOptions = { viewport: { width: 375, height: 667 }, isMobile: true }

/** The accessibility problems that axe-core finds in a page, one line each. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // The page's own policy allows no script, so axe runs in Playwright's isolated world.
  const { violations } = await page.evaluate<AxeResults>(`${axe.source}; axe.run(document)`)
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id}: ${help} (${target})`))
}

/** How far the page is wider than the screen, in CSS pixels: more than 0 means sideways scrolling. */
export async function overflow(page: Page): Promise<number> {
  const root = 'document.documentElement'
  return page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`)
}
