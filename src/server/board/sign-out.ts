import { revokeToken } from '../../services/github/user-tokens.ts'
import { endViewerSession, githubTokenOf, type Viewer } from './session.ts'
import type { BoardShell } from './shell.ts'

/** Ends a session for everybody who has its token, and the person's token on GitHub. */
export async function signOut(
  shell: Pick<BoardShell, 'database' | 'signIn' | 'log'>,
  viewer: Viewer,
): Promise<void> {
  const { signIn, log } = shell
  await endViewerSession(shell, viewer)
  if ('problem' in signIn) return
  await revokeToken(signIn, await githubTokenOf(viewer)).catch((error: unknown) =>
    log.warn({ problem: String(error) }, 'A token could not be ended on GitHub'),
  )
}
