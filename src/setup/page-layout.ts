import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { baseStyle } from '../html/base-style.ts'
import type { Markup } from '../html/inline-markdown.ts'

const style = `${baseStyle}
body { max-width: 46rem }
ol.steps { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; list-style-position: inside; margin: 0 0 1.5rem; padding: 0; font-size: .9rem }
ol.steps [aria-current] { font-weight: 700 }
dl { margin: 0 } dt { font-weight: 600 } dd { margin: 0 0 .5rem }
li { margin-bottom: .35rem }
`

const styleHash = createHash('sha256').update(style).digest('base64')

/** Allows this stylesheet and forms that go to this page or to GitHub's; nothing else is loaded or run. */
export function contentSecurityPolicy(github: string): string {
  return [
    `default-src 'none'`,
    `style-src 'sha256-${styleHash}'`,
    `form-action 'self' ${github}`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
  ].join('; ')
}

export type { Markup } from '../html/inline-markdown.ts'

const steps = ['Describe', 'Review', 'Create on GitHub', 'Install and require'] as const

/** One page of the setup. `step` counts from 1; undefined: a page beside the steps, such as an error. */
export function layout(title: string, step: number | undefined, content: Markup): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – release-gate setup</title>
<style>${raw(style)}</style>
</head>
<body>
<nav aria-label="Progress"><ol class="steps">${steps.map((name, index) => progress(name, index + 1 === step))}</ol></nav>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>`
}

function progress(name: string, current: boolean): Markup {
  return current ? html`<li aria-current="step">${name}</li>` : html`<li>${name}</li>`
}
