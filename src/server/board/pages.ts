import { Hono } from 'hono'
import { html } from 'hono/html'
import { keptPolicies } from '../../store/policies.ts'
import { page } from './layout.ts'
import type { BoardContext } from './session.ts'
import type { BoardShell } from './shell.ts'

/** Every page behind the sign-in. `viewer` and `readable` are set. */
export function boardPages({ database }: BoardShell): Hono<BoardContext> {
  return new Hono<BoardContext>().get('/', async (context) => {
    const { viewer, readable } = context.var
    const policies = await keptPolicies(database)
    const names = policies
      .filter(({ repositoryId }) => readable.has(repositoryId))
      .map(
        ({ owner, repo }) =>
          html`<li>${owner}/${repo} <a href="/freeze?${new URLSearchParams({ repository: `${owner}/${repo}` })}">Freeze</a></li>`,
      )
    const content =
      names.length > 0 ? html`<ul>${names}</ul>` : html`<p>You can read no repository that has a policy.</p>`
    return context.html(page({ title: 'Repositories', viewer }, content))
  })
}
