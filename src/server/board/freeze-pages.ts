import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import { type FreezeOrder, recordFreezeOrder } from '../../gate/calendar/freeze-order.ts'
import { type OrderScope, ordererOf } from '../orders.ts'
import { checkCsrf, notFromSession } from './csrf.ts'
import { csrfInput, type Markup, page } from './layout.ts'
import type { BoardContext, Viewer } from './session.ts'
import type { BoardShell } from './shell.ts'

type BoardRequest = Context<BoardContext>
type Action = FreezeOrder['action']

/** What somebody typed; `until` is in UTC, as `datetime-local` sends it. */
type Typed = OrderScope & { action: Action; reason: string; until: string }

/**
 * Freezing and unfreezing in the browser: a form, a page that asks again, and the answer. `/freeze` and `/unfreeze` take
 * `?repository=owner/name`, `?organization=name`, or neither for everything.
 */
export function freezePages(shell: BoardShell): Hono<BoardContext> {
  const app = new Hono<BoardContext>()
  for (const action of ['freeze', 'unfreeze'] as const) {
    app.get(`/${action}`, (context) => {
      const typed = { action, reason: '', until: '', ...scopeIn(context.req.query()) }
      return action === 'freeze' ? formPage(context, typed, undefined, 200) : confirmPage(context, typed)
    })
    app.post(`/${action}`, (context) => submit(shell, context, action))
  }
  return app
}

async function submit(shell: BoardShell, context: BoardRequest, action: Action): Promise<Response> {
  const { viewer } = context.var
  const form = await context.req.formData()
  if (!checkCsrf(viewer, context.req.raw, { form, base: shell.base() }))
    return answerPage(context, action, 403, notFromSession)
  const field = (name: string) => String(form.get(name) ?? '').trim()
  const fields = { repository: field('repository'), organization: field('organization') }
  const typed = { action, reason: field('reason'), until: field('until'), ...scopeIn(fields) }
  const problem = problemIn(typed)
  if (problem) return formPage(context, typed, problem, 400)
  if (field('confirmed') !== 'yes') return confirmPage(context, typed)
  return carryOut(shell, context, typed)
}

function problemIn({ action, reason, until }: Typed): string | undefined {
  if (action === 'unfreeze') return undefined
  if (reason === '') return 'Type a reason. Every check shows it.'
  if (reason.length > 200) return 'The reason is longer than 200 characters.'
  if (/\p{Cc}/u.test(reason)) return 'The reason must be one line.'
  return until !== '' && Number.isNaN(untilOf(until)) ? 'The end is not a date and time.' : undefined
}

function untilOf(until: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(until) ? Date.parse(`${until}Z`) : Number.NaN
}

async function carryOut(shell: BoardShell, context: BoardRequest, typed: Typed): Promise<Response> {
  const { viewer } = context.var
  const { action, reason, until, ...scope } = typed
  const allowed = await ordererOf(shell, { kind: 'person', viewer }, scope)
  if ('refused' in allowed) return answerPage(context, action, allowed.status, allowed.refused)
  const outcome = await recordFreezeOrder(shell, {
    action,
    ...allowed,
    at: new Date().toISOString(),
    ...scope,
    ...(action === 'freeze' && { reason }),
    ...(until !== '' && { until: new Date(untilOf(until)).toISOString() }),
  })
  if ('refused' in outcome) return answerPage(context, action, outcome.status, outcome.refused)
  return answerPage(context, action, 200, outcome.message)
}

function scopeIn(fields: Record<string, string>): OrderScope {
  const { repository, organization } = fields
  if (repository) return { repository }
  return organization ? { organization } : {}
}

const titles: Record<Action, string> = { freeze: 'Freeze releases', unfreeze: 'End a freeze' }

function formPage(context: BoardRequest, typed: Typed, problem: string | undefined, status: 200 | 400) {
  const { viewer } = context.var
  const content = html`${problem ? html`<p class="error" role="alert">${problem}</p>` : ''}
<form method="post" action="/freeze">${hiddenFields(viewer, typed, [])}
<p>For ${scopeText(typed)}.</p>
<label for="reason">Reason</label>
<input type="text" id="reason" name="reason" required maxlength="200" value="${typed.reason}">
<p class="hint">Every check shows it, and who started the freeze.</p>
<label for="until">Ends automatically, in UTC (optional)</label>
<input type="datetime-local" id="until" name="until" value="${typed.until}">
<p><button>Continue</button></p></form>`
  return context.html(page({ title: titles.freeze, viewer }, content), status)
}

function confirmPage(context: BoardRequest, typed: Typed) {
  const { viewer } = context.var
  const isFreeze = typed.action === 'freeze'
  const end = typed.until === '' ? 'until it is lifted' : `until ${typed.until.replace('T', ' ')} UTC`
  const effect = isFreeze
    ? html`<p>This revokes the green checks of ${scopeText(typed)} immediately and freezes it ${end}. Reason: <strong>${typed.reason}</strong></p>`
    : html`<p>The freeze of ${scopeText(typed)} ends, and checks can turn green again.</p>`
  const content = html`${effect}
<form method="post" action="/${typed.action}">${hiddenFields(viewer, typed, ['reason', 'until'])}
<input type="hidden" name="confirmed" value="yes">
<p><button>${isFreeze ? 'Freeze' : 'End the freeze'}</button> <a href="/">Cancel</a></p></form>`
  return context.html(page({ title: titles[typed.action], viewer }, content))
}

function answerPage(context: BoardRequest, action: Action, status: number, text: string) {
  const { viewer } = context.var
  const isRefused = status !== 200
  const content = html`<p class="${isRefused ? 'error' : 'done'}" role="${isRefused ? 'alert' : 'status'}">${text}</p>
<p><a href="/">Back to the board</a></p>`
  return context.html(page({ title: titles[action], viewer }, content), status as 200)
}

function hiddenFields(viewer: Viewer, typed: Typed, names: ('reason' | 'until')[]): Markup {
  const { repository = '', organization = '' } = typed
  return html`${csrfInput(viewer)}
<input type="hidden" name="repository" value="${repository}">
<input type="hidden" name="organization" value="${organization}">
${names.map((name) => html`<input type="hidden" name="${name}" value="${typed[name]}">`)}`
}

function scopeText({ repository, organization }: OrderScope): string {
  return repository ?? (organization ? `every repository of ${organization}` : 'every repository')
}
