import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Marked } from 'marked'
import type { Browser } from 'playwright-core'
import { type ShownCheck, type Stage, setStage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { startBrowser } from '../support/browser.ts'

/**
 * `npm run pictures`: makes the pictures of the README. The real bot checks a pull request of the sandbox, and a browser shows
 * the check's Markdown with GitHub's stylesheet. Then somebody signs in to the board of the same bot.
 */

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'docs/images')
const css = (path: string) =>
  `<link rel="stylesheet" href="${pathToFileURL(join(root, 'node_modules', path))}">`

/** A pull request on a Monday: one approval counts, and another does not, since its giver may only triage. */
async function checkOnMonday(shop: Workshop): Promise<ShownCheck> {
  const files = { 'src/rewards.ts': 'export const cap = 60\n' }
  const change = await shop.openPull('ana', { branch: 'cap', title: 'Raise the cap', files })
  await shop.review('chloe', change)
  await shop.review('gus', change)
  const check = await shop.check(change)
  if (!check) throw new Error('The bot posted no check.')
  return check
}

/** More pull requests beside it: two that are ready, one that is held, and one with changes requested. */
async function moreChanges(shop: Workshop): Promise<void> {
  const open = (branch: string, title: string) =>
    shop.openPull('ana', { branch, title, files: { [`src/${branch}.ts`]: 'export {}\n' } })
  for (const [branch, title] of [
    ['round', 'Round points half up'],
    ['menu', 'Search the menu by allergen'],
  ] as const) {
    const change = await open(branch, title)
    await shop.review('chloe', change)
    await shop.review('dev', change)
  }
  const refused = await open('refund', 'Refund in points')
  await shop.review('dev', refused, 'REQUEST_CHANGES')
  await open('receipts', 'Keep receipts for a year')
}

/** The first page of the board as a release captain sees it, in both themes. */
async function boardPictures(stage: Stage, browser: Browser): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      colorScheme,
      viewport: { width: 1100, height: 760 },
      deviceScaleFactor: 1.5,
    })
    const page = await context.newPage()
    await page.goto(`${stage.bot().url}/sign-in/github`)
    await page.getByRole('button', { name: 'eva' }).click()
    await page.getByRole('heading', { name: 'Now' }).waitFor()
    await page.screenshot({ path: join(folder, `board-${colorScheme}.png`) })
    await context.close()
  }
}

function pageOf({ title, summary }: ShownCheck, scheme: 'light' | 'dark'): string {
  const markdown = withEmoji(new Marked({ gfm: true }).parse(summary, { async: false }))
  return `<!doctype html><meta charset="utf-8">
${css(`github-markdown-css/github-markdown-${scheme}.css`)}
${css('@fontsource/inter/index.css')}${css('@fontsource/inter/600.css')}
<style>
body { margin: 0; width: 760px; background: transparent }
article { padding: 20px 24px; border: 1px solid #8886; border-radius: 8px; font-family: Inter, sans-serif !important }
header { display: flex; gap: 10px; align-items: center; margin-bottom: 8px; font-weight: 600 }
.emoji { width: 1.1em; height: 1.1em; vertical-align: -0.2em }
header i { width: 12px; height: 12px; border-radius: 50%; background: #d4a72c }
</style><article class="markdown-body"><header><i></i>Release gate</header><h2>${title}</h2>${markdown}</article>`
}

/** The browser has no emoji of its own, so each becomes a picture. */
function withEmoji(html: string): string {
  return html.replace(/(\p{Emoji_Presentation}|\p{Extended_Pictographic})\uFE0F?/gu, (emoji) => {
    const file = join(root, `node_modules/@twemoji/svg/${emoji.codePointAt(0)?.toString(16)}.svg`)
    return `<img class="emoji" src="${pathToFileURL(file)}" alt="${emoji}">`
  })
}

mkdirSync(folder, { recursive: true })
const draft = mkdtempSync(join(tmpdir(), 'pictures-'))
const browser = await startBrowser()
const stage = await setStage({ at: new Date('2026-11-23T17:00:00Z') })
cast(stage)
stage.github.installApp('foodyepay')
const shop = await setUpRepositories(stage)
const check = await checkOnMonday(shop)
await moreChanges(shop)
await boardPictures(stage, browser)
await stage.close()
for (const scheme of ['light', 'dark'] as const) {
  const file = join(draft, `${scheme}.html`)
  writeFileSync(file, pageOf(check, scheme))
  const page = await browser.newPage({ viewport: { width: 760, height: 600 }, deviceScaleFactor: 1.5 })
  await page.goto(String(pathToFileURL(file)))
  await page.evaluate('document.fonts.ready')
  await page.locator('article').screenshot({ path: join(folder, `check-${scheme}.png`) })
}
await browser.close()
rmSync(draft, { recursive: true })
process.stdout.write(`Wrote the pictures to ${folder}.\n`)
