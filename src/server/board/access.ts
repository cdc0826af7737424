import { errorForPeople, failureOfGitHub } from '../../services/github/errors.ts'
import { personClient } from '../../services/github/person-client.ts'
import { readReadable } from '../../services/github/user-access.ts'
import { keepReadable } from '../../store/sessions.ts'
import { githubTokenOf, type Viewer } from './session.ts'
import type { BoardShell } from './shell.ts'

/** For how long what a person can read counts without being read again. */
const freshFor = 5 * 60_000

type AccessShell = Pick<BoardShell, 'database' | 'signIn'>

const reading = new Map<string, Promise<Set<number>>>()

/**
 * The ids of the repositories that a person can read on GitHub, at most five minutes old. Views between cost no request.
 *
 * @throws when it is older and GitHub does not tell: then nothing is shown. `isAccessRevoked`: GitHub refuses the person's token.
 */
export async function readableRepositories(shell: AccessShell, viewer: Viewer): Promise<Set<number>> {
  const { id, readable, readableAt } = viewer.session
  if (Date.now() - readableAt.getTime() < freshFor) return new Set(readable)
  // Many views at once, as after a restart, read it once.
  const begun = reading.get(id) ?? readAgain(shell, viewer).finally(() => reading.delete(id))
  reading.set(id, begun)
  return begun
}

/** Whether a person can read a repository on GitHub. */
export async function mayRead(shell: AccessShell, viewer: Viewer, repositoryId: number): Promise<boolean> {
  return (await readableRepositories(shell, viewer)).has(repositoryId)
}

async function readAgain({ database, signIn }: AccessShell, viewer: Viewer): Promise<Set<number>> {
  if ('problem' in signIn) throw errorForPeople(signIn.problem)
  const github = personClient(signIn.apiUrl, await githubTokenOf(viewer))
  const readable = await readReadable(github).catch((error: unknown) => {
    throw failureOfGitHub(error)?.status === 401 ? accessRevoked(error) : error
  })
  await keepReadable(database, viewer.session.id, readable, new Date())
  return new Set(readable)
}

const REVOKED = Symbol('access revoked')

function accessRevoked(cause: unknown): Error {
  return Object.assign(new Error('GitHub refuses the token of this person', { cause }), { [REVOKED]: true })
}

/** Whether GitHub refuses a person's own token: they revoked the App's access there, and their session has to end. */
export function isAccessRevoked(error: unknown): boolean {
  return error instanceof Error && REVOKED in error
}
