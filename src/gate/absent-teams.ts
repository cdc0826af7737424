import type { Policy } from '../decision/policy.ts'
import type { GitHub } from '../services/github/client.ts'
import type { PolicyFile } from '../services/github/policy.ts'
import type { RepositoryName } from '../services/github/repository.ts'
import { readTeams } from '../services/github/teams.ts'
import type { FileProblem } from '../yaml/yaml-file.ts'
import { wantedFactsOf } from './snapshot-verdict.ts'

/** Anyone can propose a policy, and each team that it adds takes a request. */
const mostAsked = 10

/** The teams that a changed policy adds and that do not exist: nobody could ever act for them. */
export async function absentTeams(
  github: GitHub,
  repository: RepositoryName,
  file: PolicyFile,
  { policy, before }: { policy: Policy; before: Policy },
): Promise<FileProblem[]> {
  if (policy.enforce === false) return []
  const known = wantedFactsOf(before).teams
  const added = wantedFactsOf(policy).teams.filter((team) => !known.includes(team))
  const teams = await readTeams(github, repository, added.slice(0, mostAsked))
  return teams
    .filter(({ problem }) => problem === 'absent')
    .map(({ name }) => ({
      file: file.where,
      ...placeOf(file.text, name),
      message: `the team "${name}" does not exist, or the App cannot see it; correct the name or create the team`,
    }))
}

function placeOf(text: string, name: string): { line: number; column: number } {
  const lines = text.split('\n')
  const index = lines.findIndex((line) => line.includes(name))
  return index < 0
    ? { line: 1, column: 1 }
    : { line: index + 1, column: (lines[index] ?? '').indexOf(name) + 1 }
}
