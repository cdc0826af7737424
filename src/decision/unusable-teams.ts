import { type Finding, failed } from './gate.ts'
import { code, list } from './markdown.ts'
import type { Snapshot, TeamProblem } from './snapshot.ts'

/** What is wrong with a team, as the title and the sentence go on after its name, and who fixes it. */
const problems: Record<TeamProblem, { what: string; effect: string; fix: string }> = {
  absent: {
    what: 'does not exist',
    effect: 'does not exist, or the App cannot see it',
    fix: 'anyone who can change the policy: correct the name; or an owner of the organization: create the team',
  },
  unreadable: {
    what: 'cannot be read',
    effect: 'cannot be read by the App',
    fix: 'an owner of the organization: grant the App the permission to read members',
  },
  empty: {
    what: 'has no members',
    effect: 'has no members',
    fix: 'a maintainer of the team: add people with write access; or anyone who can change the policy: name another team',
  },
  no_writers: {
    what: 'has nobody with write access',
    effect: 'has no member with write access to this repository',
    fix: 'an administrator of the repository: give the team write access; or anyone who can change the policy: name another team',
  },
}

/**
 * A failed finding where nobody of these teams can ever act, since waiting for them would never end. `setting` is where the
 * policy names them, `rest` what else the reader must know.
 */
export function unusableTeams(
  names: string[],
  { teamProblems = {} }: Pick<Snapshot, 'teamProblems'>,
  setting: string,
  rest = '',
): Finding | undefined {
  const found = names.flatMap((name) => {
    const problem = Object.hasOwn(teamProblems, name) ? teamProblems[name] : undefined
    return problem ? [{ name, ...problems[problem] }] : []
  })
  const [first, ...others] = found
  if (!first) return undefined
  const more = others.length > 0 ? ` (and ${others.length} more)` : ''
  const effects = found.map(({ name, effect }) => `${code(name)} ${effect}`)
  const fixes = [...new Set(found.map(({ fix }) => fix))].join('; ')
  return failed(
    `Team ${first.name} ${first.what}${more}`,
    `Nobody on ${found.length === 1 ? 'this team' : 'these teams'} in ${code(setting)} can act: ${list(effects)}.${rest === '' ? '' : ` ${rest}`}`,
    { who: `${fixes.charAt(0).toUpperCase()}${fixes.slice(1)}` },
  )
}
