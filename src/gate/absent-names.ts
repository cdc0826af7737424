import { code, listSome, plural } from '../decision/markdown.ts'
import { allGates } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'
import type { GitHub } from '../services/github/client.ts'
import { orAbsent } from '../services/github/errors.ts'
import type { PolicyFile } from '../services/github/policy.ts'
import type { RepositoryName } from '../services/github/repository.ts'
import { readTeams } from '../services/github/teams.ts'
import type { FileProblem } from '../yaml/yaml-file.ts'
import type { Shell } from './shell.ts'
import { wantedFactsOf } from './snapshot-verdict.ts'
import { addedMonitors, type PolicyChange, unconfigured } from './unconfigured.ts'

/**
 * What a changed policy adds and that does not exist or is not configured, each at its place in the file: nobody could ever pass a gate
 * that needs it. A policy that only reports may name anything, so one that begins to block adds all of its names.
 */
export async function absentNames(
  { github, operator }: Pick<Shell, 'operator'> & { github: GitHub },
  repository: RepositoryName,
  file: PolicyFile,
  { policy, before }: PolicyChange,
): Promise<FileProblem[]> {
  if (policy.enforce === false) return []
  const change = blockingChange({ policy, before })
  const problem = (name: string, what: string, fix: string): FileProblem => ({
    file: file.where,
    ...placeOf(file.text, name),
    message: `${what} "${name}" does not exist, or the App cannot see it; correct the name or ${fix}`,
  })
  const teams = await absentTeams(github, repository, change)
  const incidents = await absentIncidents(github, change)
  return [
    ...(await unconfigured(operator, repository, file, change)),
    ...teams.map((name) => problem(name, 'the team', 'create the team')),
    ...incidents.map((name) => problem(name, 'the repository', 'give the App access to it')),
  ]
}

/** A policy that only reports adds nothing of what it names. */
function blockingChange({ policy, before }: PolicyChange): PolicyChange {
  return { policy, before: before.enforce === false ? { ...before, gates: {}, overrides: [] } : before }
}

/**
 * What a changed policy adds without anyone having looked whether it exists, for whoever reviews it. Anyone can propose a policy, so no
 * monitor is read for one: that would take from what Datadog allows the operator.
 */
export function namesNotLookedUp({ policy, before }: PolicyChange): string[] {
  if (policy.enforce === false) return []
  const change = blockingChange({ policy, before })
  const teams = addedTeams(change).slice(mostAsked)
  const monitors = addedMonitors(change)
  return [
    ...(teams.length > 0 ? [notLookedUp('team', teams)] : []),
    ...(monitors.length > 0 ? [notLookedUp('monitor', monitors)] : []),
  ]
}

function notLookedUp(what: string, names: string[]): string {
  return `${plural(names.length, what)}: ${listSome(names.map((name) => code(name, 100)))}`
}

/** Anyone can propose a policy, and each team that it adds takes a request. */
const mostAsked = 10

function addedTeams({ policy, before }: PolicyChange): string[] {
  const known = wantedFactsOf(before).teams
  return wantedFactsOf(policy).teams.filter((team) => !known.includes(team))
}

/** The first one that does not exist: GitHub counts each of its answers, and anyone can cause an evaluation. */
async function absentTeams(
  github: GitHub,
  repository: RepositoryName,
  change: PolicyChange,
): Promise<string[]> {
  for (const name of addedTeams(change).slice(0, mostAsked)) {
    const [team] = await readTeams(github, repository, [name])
    if (team?.problem === 'absent') return [name]
  }
  return []
}

/** The repository of the incidents that a gate newly waits for. */
async function absentIncidents(github: GitHub, { policy, before }: PolicyChange): Promise<string[]> {
  const name = incidentsAskedOf(policy)
  if (name === undefined || name === incidentsAskedOf(before)) return []
  const [owner = '', repo = ''] = name.split('/')
  return (await orAbsent(github.rest.repos.get({ owner, repo }))) ? [] : [name]
}

function incidentsAskedOf(policy: Policy): string | undefined {
  return allGates(policy).some((gates) => gates.incidents) ? policy.incidents?.repository : undefined
}

function placeOf(text: string, name: string): { line: number; column: number } {
  const whole = new RegExp(`(?<![\\w./-])${RegExp.escape(name)}(?![\\w./-])`)
  const columns = text.split('\n').map((line) => line.search(whole))
  const index = columns.findIndex((column) => column >= 0)
  return index < 0 ? { line: 1, column: 1 } : { line: index + 1, column: (columns[index] ?? 0) + 1 }
}
