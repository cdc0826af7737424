import type { Person } from './snapshot.ts'

const noreply = /^(\d{1,15})\+([\w.[\]-]+)@users\.noreply\.[\w.-]+$/i
const trailer = 'co-authored-by:'

/**
 * The `Co-authored-by` trailers of a commit message. They are free text: only GitHub's own no-reply address names an account,
 * by its id. Messages may be long and hostile, so lines are split by hand instead of with a regular expression.
 */
export function coAuthorsIn(message: string): { matched: Person[]; unmatched: string[] } {
  const matched: Person[] = []
  const unmatched: string[] = []
  for (const line of message.split(/[\r\n]/)) {
    const start = line.trimStart()
    if (start.slice(0, trailer.length).toLowerCase() !== trailer) continue
    const named = start.slice(trailer.length).trim()
    const person = accountIn(named)
    if (person) matched.push(person)
    else if (named !== '') unmatched.push(named.slice(0, 200))
  }
  return { matched, unmatched }
}

function accountIn(named: string): Person | undefined {
  const email = named.slice(named.lastIndexOf('<') + 1, named.endsWith('>') ? -1 : undefined).trim()
  const [, id = '', login = ''] = noreply.exec(email) ?? []
  if (Number(id) === 0) return undefined
  return { id: Number(id), login, type: login.endsWith('[bot]') ? 'Bot' : 'User' }
}
