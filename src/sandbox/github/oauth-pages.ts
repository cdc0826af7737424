import { html } from 'hono/html'
import type { Account } from './world.ts'

/** The pages of the sandbox's GitHub on which somebody signs in: it asks who you are instead of for a password. */
type Markup = ReturnType<typeof html>

export function authorizePage(app: string, people: Account[], asked: Record<string, string>): Markup {
  const kept = ['client_id', 'redirect_uri', 'state', 'code_challenge', 'code_challenge_method']
  const fields = kept
    .filter((name) => asked[name] !== undefined)
    .map((name) => html`<input type="hidden" name="${name}" value="${asked[name]}">`)
  return layout(
    `Authorize ${app}`,
    html`<form method="post" action="/login/oauth/authorize">${fields}
<p>${app} would like to verify your identity. Who are you?</p>
${choices(people)}
<p><button>Cancel</button></p></form>`,
  )
}

export function devicePage(people: Account[]): Markup {
  return layout(
    'Device activation',
    html`<form method="post" action="/login/device">
<p><label>The code that your device shows <input name="user_code" required autocomplete="off"></label></p>
${choices(people)}
<p><button>Cancel</button></p></form>`,
  )
}

export function messagePage(text: string): Markup {
  return layout('GitHub of the sandbox', html`<p>${text}</p>`)
}

function choices(people: Account[]): Markup {
  return html`${people.map(({ login }) => html`<p><button name="login" value="${login}">Continue as ${login}</button></p>`)}`
}

function layout(title: string, content: Markup): Markup {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title></head><body><main><h1>${title}</h1>${content}</main></body></html>`
}
