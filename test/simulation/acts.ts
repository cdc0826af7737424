import type { Issue } from '../../src/sandbox/github/repository-state.ts'
import type { SandboxGitHub } from '../../src/sandbox/github/start.ts'
import { ask, type House, type Outcome } from './house.ts'
import { type Act, type Login, writers } from './plan.ts'
import { policyText, type Rules } from './rules.ts'

/** Where the bot takes orders from the command line; undefined while no bot runs. */
export type Desk = { url: string; token: string } | undefined

export async function perform(github: SandboxGitHub, house: House, act: Act, desk: Desk): Promise<Outcome> {
  try {
    return await attempt(github, house, act, desk)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function attempt(github: SandboxGitHub, house: House, act: Act, desk: Desk): Promise<Outcome> {
  switch (act.kind) {
    case 'open':
      return open(github, house, act)
    case 'role':
      return github.setCollaborator(house.name, act.who, act.role === 'none' ? null : act.role) as undefined
    case 'team':
      return github.setTeamMember(house.owner, 'operations', act.who, act.inside) as undefined
    case 'policy':
      return changePolicy(github, house, act.rules === 'broken' ? undefined : act.rules)
    case 'freeze':
    case 'unfreeze':
      return order(github, house, act, desk)
    default:
      return onPull(github, house, act)
  }
}

type OnPull = Extract<Act, { pull: number }>

async function onPull(github: SandboxGitHub, house: House, act: OnPull): Promise<Outcome> {
  const root = `/repos/${house.owner}/shop`
  const on = (who: string, method: string, path: string, body?: object) =>
    ask(github, who, method, `${root}${path}`, body).then(({ problem }) => problem)
  const pull = house.pulls[act.pull % Math.max(house.pulls.length, 1)]
  if (!pull) return 'there is no pull request'
  const place = `${house.name}#${pull.number}`
  const issue = house.repository.issues.get(pull.number) as Issue
  switch (act.kind) {
    case 'open the same head':
      return openSameHead(github, house, act, issue.pull?.headSha ?? '')
    case 'push':
      return push(github, house, act, pull, issue)
    case 'update branch':
      return on(act.who, 'PUT', `/pulls/${pull.number}/update-branch`, {})
    case 'review':
      return on(act.who, 'POST', `/pulls/${pull.number}/reviews`, {
        event: act.event,
        body: act.event === 'APPROVE' ? '' : 'Please see my note.',
        ...(act.old ? { commit_id: pull.heads[0] } : {}),
      })
    case 'dismiss': {
      const review = issue.pull?.reviews.findLast(
        ({ state }) => state === 'APPROVED' || state === 'CHANGES_REQUESTED',
      )
      if (!review) return 'there is no review'
      return on(act.who, 'PUT', `/pulls/${pull.number}/reviews/${review.id}/dismissals`, {
        message: 'Outdated',
      })
    }
    case 'label':
      return on(act.who, 'POST', `/issues/${pull.number}/labels`, { labels: [act.label] })
    case 'unlabel':
      return on(act.who, 'DELETE', `/issues/${pull.number}/labels/${act.label}`)
    case 'draft':
      return github.convertToDraft(place, act.who) as unknown as Promise<undefined>
    case 'ready':
      return github.markReady(place, act.who) as unknown as Promise<undefined>
    case 'enqueue':
      return github.enqueue(place, act.who) as unknown as Promise<undefined>
    case 'dequeue':
      return github.dequeue(place, act.who) as unknown as Promise<undefined>
    case 'auto-merge':
      return github.enableAutoMerge(place, act.who) as unknown as Promise<undefined>
    case 'close':
    case 'reopen':
      return on(act.who, 'PATCH', `/pulls/${pull.number}`, {
        state: act.kind === 'close' ? 'closed' : 'open',
      })
    case 'retarget':
      return on(act.who, 'PATCH', `/pulls/${pull.number}`, { base: act.base })
    case 'merge':
      return on(act.who, 'PUT', `/pulls/${pull.number}/merge`, { sha: issue.pull?.headSha })
  }
}

async function open(github: SandboxGitHub, house: House, act: Act & { kind: 'open' }): Promise<Outcome> {
  const below = house.pulls.at(-1)
  const base = act.base === 'the last pull' ? below?.branch : act.base
  if (!base) return 'there is no pull request to stack on'
  const branch = `change-${++house.made}`
  const files = { [`src/${branch}.ts`]: `export const made = ${house.made}\n` }
  await github.seedBranches(house.name, act.who, [{ branch, files, message: `Make ${branch}` }], base)
  return offer(github, house, act.who, {
    branch,
    base,
    draft: act.draft ?? false,
    urgentLine: act.urgentLine ?? false,
  })
}

async function openSameHead(
  github: SandboxGitHub,
  house: House,
  act: Act & { kind: 'open the same head' },
  sha: string,
): Promise<Outcome> {
  const branch = `twin-${++house.made}`
  const root = `/repos/${house.owner}/shop`
  const { problem } = await ask(github, act.who, 'POST', `${root}/git/refs`, {
    ref: `refs/heads/${branch}`,
    sha,
  })
  return problem ?? offer(github, house, act.who, { branch, base: act.base, draft: false, urgentLine: false })
}

async function offer(
  github: SandboxGitHub,
  house: House,
  who: Login,
  wish: { branch: string; base: string; draft: boolean; urgentLine: boolean },
): Promise<Outcome> {
  const { problem, data } = await ask(github, who, 'POST', `/repos/${house.owner}/shop/pulls`, {
    title: `Change ${wish.branch}`,
    body: wish.urgentLine ? 'Urgent: customers cannot pay.' : '',
    head: wish.branch,
    base: wish.base,
    draft: wish.draft,
  })
  if (problem) return problem
  const { number, head } = data as { number: number; head: { sha: string } }
  house.pulls.push({ number, branch: wish.branch, heads: [head.sha] })
  return undefined
}

async function push(
  github: SandboxGitHub,
  house: House,
  act: Act & { kind: 'push' },
  pull: House['pulls'][number],
  issue: Issue,
): Promise<Outcome> {
  const root = `/repos/${house.owner}/shop`
  const head = issue.pull?.headSha
  if (act.way === 'back' || act.way === 'forward') {
    const sha = (act.way === 'back' ? pull.heads : pull.heads.toReversed()).find((each) => each !== head)
    if (!sha) return 'the branch was nowhere else'
    return ask(github, act.who, 'PATCH', `${root}/git/refs/heads/${pull.branch}`, { sha, force: true }).then(
      ({ problem }) => problem,
    )
  }
  const other = writers.find((login) => login !== act.who && login !== 'ana') ?? 'eva'
  const { problem } = await ask(github, act.who, 'PUT', `${root}/contents/src/more-${++house.made}.ts`, {
    message: 'Go on',
    content: Buffer.from(`export const more = ${house.made}\n`).toString('base64'),
    branch: pull.branch,
    ...(act.way === 'for somebody else' ? { author: { name: other, email: `${other}@example.com` } } : {}),
  })
  return problem
}

async function changePolicy(github: SandboxGitHub, house: House, rules: Rules | undefined): Promise<Outcome> {
  const text = policyText(rules)
  house.policies.set(text, rules)
  const path = `/repos/${house.owner}/shop/contents/.github/release-gate.yml`
  const { data } = await ask(github, 'olga', 'GET', path)
  const content = Buffer.from(text).toString('base64')
  const sha = (data as { sha: string }).sha
  const { problem } = await ask(github, 'olga', 'PUT', path, { message: 'Change the policy', content, sha })
  return problem
}

/** As `release-gate freeze` and `unfreeze` send it. */
async function order(
  github: SandboxGitHub,
  house: House,
  act: Act & { kind: 'freeze' | 'unfreeze' },
  desk: Desk,
): Promise<Outcome> {
  if (!desk) return 'no bot runs'
  const now = github.clock()
  const until = act.kind === 'freeze' && act.minutes ? now + act.minutes * 60_000 : Number.POSITIVE_INFINITY
  const body = JSON.stringify({
    action: act.kind,
    repository: house.name,
    at: new Date().toISOString(),
    ...(act.kind === 'freeze' ? { reason: 'Incident' } : {}),
    ...(until < Number.POSITIVE_INFINITY ? { until: new Date(until).toISOString() } : {}),
  })
  const answer = await fetch(`${desk.url}/api/freeze`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${desk.token}` },
  })
  const { error } = (await answer.json()) as { error?: string }
  if (!answer.ok) return error ?? `${answer.status}`
  for (const freeze of house.freezes) freeze.liftedAt = Math.min(freeze.liftedAt, now)
  if (act.kind === 'freeze') house.freezes.push({ from: now, until, liftedAt: Number.POSITIVE_INFINITY })
  return undefined
}
