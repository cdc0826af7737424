import { beginningOf } from './markdown.ts'
import type { Person } from './snapshot.ts'

const noreply = /^(\d{1,15})\+([\w.[\]-]+)@users\.noreply\.[\w.-]+$/i
const trailer = 'co-authored-by'

/**
 * The `Co-authored-by` trailers of a commit message. They are free text: only GitHub's own no-reply address names an account,
 * by its id. As in git, white space may stand before the colon. A line that names several people names each of them. Messages may be
 * long and hostile, so lines are split by hand instead of with a regular expression.
 */
export function coAuthorsIn(message: string): { matched: Person[]; unmatched: string[] } {
  const matched: Person[] = []
  const unmatched: string[] = []
  for (const line of message.split(/[\r\n]/)) {
    for (const named of namedIn(trailerValue(line))) {
      const person = accountIn(named)
      if (person) matched.push(person)
      else if (named !== '') unmatched.push(beginningOf(named, 200))
    }
  }
  return { matched, unmatched }
}

/** Each person with an address, without what stands between them; without any address, the whole text. */
function namedIn(text: string): string[] {
  const people = text.split('>').filter((part) => part.includes('<'))
  return people.length > 0 ? people.map((part) => `${part.replace(/^[\s,;&]+/, '')}>`) : [text]
}

/** What a trailer of co-authors says; nothing where the line is none. */
function trailerValue(line: string): string {
  const start = line.trimStart()
  if (start.slice(0, trailer.length).toLowerCase() !== trailer) return ''
  const rest = start.slice(trailer.length).trimStart()
  return rest.startsWith(':') ? rest.slice(1).trim() : ''
}

function accountIn(named: string): Person | undefined {
  const address = named.slice(named.lastIndexOf('<') + 1, named.endsWith('>') ? -1 : undefined)
  const [, id = '', login = ''] = noreply.exec(address.trim()) ?? []
  if (Number(id) === 0) return undefined
  return { id: Number(id), login, type: login.endsWith('[bot]') ? 'Bot' : 'User' }
}
