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
import { type PolicyChange, unconfigured } from './unconfigured.ts'

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
  const change = {
    policy,
    before: before.enforce === false ? { ...before, gates: {}, overrides: [] } : before,
  }
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

/** Anyone can propose a policy, and each team that it adds takes a request. */
const mostAsked = 10

async function absentTeams(
  github: GitHub,
  repository: RepositoryName,
  { policy, before }: PolicyChange,
): Promise<string[]> {
  const known = wantedFactsOf(before).teams
  const added = wantedFactsOf(policy).teams.filter((team) => !known.includes(team))
  const teams = await readTeams(github, repository, added.slice(0, mostAsked))
  return teams.filter(({ problem }) => problem === 'absent').map(({ name }) => name)
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
  const lines = text.split('\n')
  const index = lines.findIndex((line) => line.includes(name))
  return index < 0
    ? { line: 1, column: 1 }
    : { line: index + 1, column: (lines[index] ?? '').indexOf(name) + 1 }
}
