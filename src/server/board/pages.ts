import { type Context, Hono } from 'hono'
import { isSameName } from '../../decision/github-names.ts'
import { lastRun } from '../../doctor/last-run.ts'
import { webUrl } from '../../services/github/web-url.ts'
import {
  changesNamed,
  isIntact,
  type KeptRecord,
  type KnownChange,
  recordOfChange,
  recordsAfterMerge,
  recordsOfChange,
} from '../../store/board/records-of-change.ts'
import { releaseRuns, testedServers } from '../../store/board/releases.ts'
import { auditPage } from './audit-page.ts'
import { auditView } from './audit-view.ts'
import { changePage, changeTitle, type ReplayedRecord, replayPage, replaysPage } from './change-page.ts'
import { changeView } from './change-view.ts'
import { enforcementPage } from './enforcement-page.ts'
import { exportLines, exportTable, rangeOf } from './export.ts'
import { type Markup, page } from './layout.ts'
import { createLive } from './live.ts'
import { nowPage } from './now-page.ts'
import { createNowView, readableOf } from './now-view.ts'
import { filterOf, pullsPage } from './pulls-page.ts'
import { regressionPage, regressionsPage } from './regression-page.ts'
import { withReports } from './releases.ts'
import { replay } from './replay.ts'
import type { BoardContext } from './session.ts'
import type { BoardShell } from './shell.ts'
import { streamed } from './streaming.ts'

type Asked = Context<BoardContext>

/** Every page behind the sign-in. `viewer` and `readable` are set. Nothing here asks GitHub, and nothing writes. */
export function boardPages(shell: BoardShell): Hono<BoardContext> {
  const { database, now, log } = shell
  const github = 'problem' in shell.signIn ? 'https://github.com' : webUrl(shell.signIn.apiUrl)
  const live = createLive({ database, log, ending: shell.ending ?? new AbortController().signal })
  const nowView = createNowView(shell)

  const show = async (context: Asked, options: { title: string; current?: string }, content: Markup) => {
    const { viewer, readable } = context.var
    return context.html(page({ ...options, viewer, live: await live.version(readable) }, content))
  }
  const repositoriesOf = (context: Asked) => readableOf(database, context.var.readable)

  const changes = async (context: Asked) => {
    const view = await nowView(context.var.readable)
    return show(
      context,
      { title: 'Open pull requests', current: '/pulls' },
      pullsPage(view.cards, filterOf(context.req.query())),
    )
  }

  const change = async (context: Asked) => {
    const found = await changeAsked(shell, context)
    if (!found) return context.notFound()
    const view = await changeView(database, found, {
      now: now(),
      before: positive(context.req.query('before')),
    })
    return show(context, { title: changeTitle(view) }, changePage(view, github))
  }

  const replayed = async (context: Asked) => {
    const found = await changeAsked(shell, context)
    const seq = positive(context.req.param('seq'))
    const record = found && seq && (await recordOfChange(database, found, seq))
    if (!found || !record) return context.notFound()
    return show(
      context,
      { title: `Replay of record ${record.seq}` },
      replayPage(named(found), replayedRecord(record)),
    )
  }

  const replays = async (context: Asked) => {
    const found = await changeAsked(shell, context)
    if (!found) return context.notFound()
    const before = positive(context.req.query('before'))
    const decided = await recordsOfChange(database, found, { before, limit: 100 })
    const merged = before === undefined ? await recordsAfterMerge(database, found) : []
    const all = [...merged, ...decided]
      .filter(({ kind }) => kind === 'decided' || kind === 'merged')
      .toSorted((a, b) => b.seq - a.seq)
      .map(replayedRecord)
    const older = decided.length === 100 ? decided.at(-1)?.seq : undefined
    return show(context, { title: 'Replay of all decisions' }, replaysPage(named(found), all, older))
  }

  const regressions = async (context: Asked) => {
    const repositories = new Map((await repositoriesOf(context)).map((one) => [one.repositoryId, one]))
    const servers = await testedServers(database, [...repositories.keys()])
    const entries = servers.flatMap((server) => {
      const repository = repositories.get(server.repositoryId)
      return repository ? [{ server, repository }] : []
    })
    return show(context, { title: 'Staging regression', current: '/regression' }, regressionsPage(entries))
  }

  const regression = async (context: Asked) => {
    const { owner = '', repo = '', server = '' } = context.req.param()
    const repository = (await repositoriesOf(context)).find((one) =>
      isSameName(`${one.owner}/${one.repo}`, `${owner}/${repo}`),
    )
    if (!repository) return context.notFound()
    const runs = await releaseRuns(database, repository, { server, limit: 30 })
    if (runs.length === 0) return context.notFound()
    const title = `${repository.owner}/${repository.repo} on ${server}`
    return show(context, { title, current: '/regression' }, regressionPage(await withReports(database, runs)))
  }

  const audit = async (context: Asked) => {
    const view = await auditView(shell, await repositoriesOf(context))
    return show(context, { title: 'Audit', current: '/audit' }, auditPage(view, github))
  }

  const enforcement = async (context: Asked) => {
    const content = enforcementPage(await lastRun(database, now), await repositoriesOf(context))
    return show(context, { title: 'Enforcement', current: '/enforcement' }, content)
  }

  return new Hono<BoardContext>()
    .get('/', async (context) =>
      show(context, { title: 'Now', current: '/' }, nowPage(await nowView(context.var.readable))),
    )
    .get('/pulls', changes)
    .get('/changes/:owner/:repo/:number{[1-9]\\d{0,8}}', change)
    .get('/changes/:owner/:repo/:number{[1-9]\\d{0,8}}/replay', replays)
    .get('/changes/:owner/:repo/:number{[1-9]\\d{0,8}}/replay/:seq{[1-9]\\d{0,8}}', replayed)
    .get('/regression', regressions)
    .get('/regression/:owner/:repo/:server', regression)
    .get('/audit', audit)
    .get('/audit/export', (context) => download(shell, context))
    .get('/enforcement', enforcement)
    .get('/events', live.stream)
}

/** The change that an address names, where the person can read its repository. One that they cannot read is as if it did not exist. */
async function changeAsked({ database }: BoardShell, context: Asked): Promise<KnownChange | undefined> {
  const { owner = '', repo = '', number = '' } = context.req.param()
  const found = await changesNamed(database, { owner, repo, number: Number(number) })
  return found.find(({ repositoryId }) => context.var.readable.has(repositoryId))
}

function replayedRecord(record: KeptRecord): ReplayedRecord {
  const { seq, at, hash } = record
  return { seq, at, hash, intact: isIntact(record), replay: replay(record) }
}

async function download({ database, log }: BoardShell, context: Asked): Promise<Response> {
  const { from, to, format } = context.req.query()
  const range = rangeOf({ from, to })
  if (!range) return context.json({ error: 'Write dates as YYYY-MM-DD.' }, 400)
  const repositories = await readableOf(database, context.var.readable)
  const isTable = format === 'csv'
  const lines = isTable
    ? exportTable(database, repositories, range)
    : exportLines(database, repositories, range)
  context.header('content-type', isTable ? 'text/csv; charset=utf-8' : 'application/x-ndjson')
  const name = `release-gate-records.${isTable ? 'csv' : 'ndjson'}`
  context.header('content-disposition', `attachment; filename="${name}"`)
  if (context.req.raw.method === 'HEAD') return context.body(null)
  return context.body(streamed(lines, log))
}

function named({ owner, repo, number }: KnownChange): { name: string; number: number } {
  return { name: `${owner}/${repo}`, number }
}

function positive(text: string | undefined): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text ?? '') ? Number(text) : undefined
}
