import { html } from 'hono/html'
import type { RequestedGrant } from '../doctor/facts.ts'
import { layout, type Markup } from './page-layout.ts'
import type { UrlProblem } from './webhook-url.ts'

/** What the first page asks for, as it was typed. An empty organization: the App belongs to the person's own account. */
export type Answers = { owner: 'organization' | 'user'; organization: string; webhookUrl: string }

export type Problems = Partial<Record<'organization' | 'webhookUrl', string | undefined>>

/** The first page: whom the App belongs to, and where GitHub reaches the bot. */
export function describePage(answers: Answers, problems: Problems, action: string): Markup {
  const organization = answers.owner === 'organization'
  return layout(
    'Set up release-gate',
    1,
    html`
<p>release-gate runs as a GitHub App that you own. This page creates the App with the permissions it needs and
writes its credentials to <code>.env</code> on this machine. It takes about two minutes. You need to be an owner of the organization.</p>
<form method="get" action="${action}">
<fieldset>
<legend>Who owns the App?</legend>
<label><input type="radio" name="owner" value="organization" ${organization ? 'checked' : ''}> An organization</label>
<label><input type="radio" name="owner" value="user" ${organization ? '' : 'checked'}> My own account. The App can then only be installed there.</label>
<p><label for="organization">Name of the organization</label>
${field('organization', 'text', answers.organization, problems.organization)}</p>
<p class="hint" id="organization-hint">As in its URL: for <code>github.com/acme</code>, type <code>acme</code>.</p>
</fieldset>
<p><label for="webhookUrl">Webhook URL</label>
${field('webhookUrl', 'url', answers.webhookUrl, problems.webhookUrl)}</p>
<p class="hint" id="webhookUrl-hint">Where GitHub will reach the bot, ending in <code>/api/github/webhooks</code>. Leave it empty if you don't
have one yet: you can set it later in the App's settings, and until then the bot receives nothing.</p>
<p><button>Continue</button></p>
</form>`,
  )
}

function field(name: string, type: 'text' | 'url', value: string, problem: string | undefined): Markup {
  const invalid = problem === undefined ? '' : html` aria-invalid="true"`
  const described = problem === undefined ? `${name}-hint` : `${name}-error ${name}-hint`
  return html`<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="off" spellcheck="false"
aria-describedby="${described}"${invalid}>${problem === undefined ? '' : html`<span class="error" id="${name}-error">${problem}</span>`}`
}

export type Review = {
  answers: Answers
  warning: UrlProblem | undefined
  permissions: RequestedGrant[]
  events: RequestedGrant[]
  /** GitHub's page that creates an App from a manifest, with the state that it has to return. */
  action: string
  manifest: object
  back: string
}

/** What GitHub will ask for and why, before anyone is sent there. */
export function reviewPage({
  answers,
  warning,
  permissions,
  events,
  action,
  manifest,
  back,
}: Review): Markup {
  const owner = answers.owner === 'organization' ? answers.organization : 'your own account'
  return layout(
    'Review the App',
    2,
    html`
${warning ? html`<p class="note"><strong>Check the webhook URL.</strong> ${warning.text}</p>` : ''}
<dl>
<dt>Owner</dt><dd>${owner}</dd>
<dt>Webhook URL</dt><dd>${answers.webhookUrl || 'Not set yet. The App gets a placeholder that receives nothing.'}</dd>
<dt>Who can install it</dt><dd>Only ${owner}</dd>
</dl>
<h2>Permissions</h2>
<p>The App cannot write code, and it cannot change workflows, branch rules or members.</p>
<dl>${permissions.map(({ name, level, reason }) => html`<dt>${name.replaceAll('_', ' ')}: ${level}</dt><dd>${reason}</dd>`)}</dl>
<h2>Events</h2>
<p>GitHub tells the bot about these: ${events.map(({ name }) => name.replaceAll('_', ' ')).join(', ')}.</p>
<h2>What happens next</h2>
<ol>
<li>GitHub asks you to confirm the App's name. Names are unique on GitHub, so you may have to change it.</li>
<li>GitHub sends you back here, and the credentials are written to <code>.env</code>. They never leave this machine.</li>
<li>You install the App in the repositories that it should guard.</li>
</ol>
<form method="post" action="${action}">
<input type="hidden" name="manifest" value="${JSON.stringify(manifest)}">
<p><button>Create the App on GitHub</button></p>
</form>
<p><a href="${back}">Back</a></p>`,
  )
}

export type Created = {
  /** The App's public page on GitHub. */
  appUrl: string
  webhookSet: boolean
  /** Where the form for the policy goes. */
  action: string
  repository: string
  /** What is wrong with `repository`. */
  problem: string | undefined
}

/** What is left to do once the App exists. */
export function createdPage({ appUrl, webhookSet, action, repository, problem }: Created): Markup {
  const placeholder = html`<p class="note">The webhook URL is a placeholder. Set it in the App's settings on GitHub, or the bot receives nothing.</p>`
  return layout(
    'The App was created',
    4,
    html`
<p>Its credentials are in <code>.env</code>. Keep this page open until you are done.</p>
<h2>1. Install it</h2>
<p><a class="button" href="${appUrl}/installations/new" target="_blank" rel="noreferrer">Install on GitHub</a></p>
${webhookSet ? '' : placeholder}
<h2>2. Commit a policy</h2>
<p>The button opens GitHub's editor with a policy to start from: two approvals, and a release window on Wednesdays from 10:00 to
11:00 Pacific. Commit it to the default branch.</p>
<form method="get" action="${action}">
<p><label for="repository">Repository</label>
${field('repository', 'text', repository, problem)}</p>
<p class="hint" id="repository-hint">For example <code>acme/payments</code>.</p>
<p><label for="branch">Default branch</label>
<input id="branch" name="branch" type="text" value="main" autocomplete="off" spellcheck="false"></p>
<p><button>Open GitHub's editor</button></p>
</form>
<h2>3. Start the bot</h2>
<p>Press Ctrl-C in the terminal and run the same command again. It reads <code>.env</code>. This page then closes.</p>
<h2>4. Require the check</h2>
<pre><code>npm run -s gate -- setup --repository acme/payments
npm run -s gate -- doctor --repository acme/payments</code></pre>
<p>The first command lists what is left to do. With <code>--apply</code> and an administrator's token in <code>GITHUB_TOKEN</code>, it
creates the ruleset and the labels. <code>doctor</code> reports whether the check is really required and who can bypass it.</p>`,
  )
}

export function errorPage(title: string, text: string, back: string): Markup {
  return layout(
    title,
    undefined,
    html`<p class="error" role="alert">${text}</p><p><a href="${back}">Start again</a></p>`,
  )
}
