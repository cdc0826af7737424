import { type GitHub, orGone } from './client.ts'

type Repository = { owner: string; repo: string }
type Wish = { title: string; body: string; labels: string[] }

/** The issue of a bot with this title and these labels, or a new one. */
export async function anchorIssueNumber(github: GitHub, place: Repository, wish: Wish): Promise<number> {
  const listed = await github.paginate(github.rest.issues.listForRepo, {
    ...place,
    state: 'all',
    labels: wish.labels.join(','),
    per_page: 100,
  })
  const found = listed.find(({ user, title }) => user?.type === 'Bot' && title === wish.title)
  return found?.number ?? (await github.rest.issues.create({ ...place, ...wish })).data.number
}

/**
 * Adds a line to the text of an issue and closes it.
 * @returns false where the issue is gone.
 */
export async function addLine(
  github: GitHub,
  place: Repository,
  number: number,
  line: string,
): Promise<boolean> {
  const issue = { ...place, issue_number: number }
  const before = await orGone(github.rest.issues.get(issue))
  if (!before) return false
  const body = `${(before.data.body ?? '').trimEnd()}\n${line}\n`
  await github.rest.issues.update({ ...issue, body, state: 'closed' })
  return true
}
