import { isSameSecret } from '../../settings/same-secret.ts'
import type { Viewer } from './session.ts'

/** The name of the form field that carries the token. */
export const csrfField = 'csrf'

/** What a form that `checkCsrf` refuses is answered. */
export const notFromSession = 'This form is not from your session. Go back, reload the page and try again.'

/** The token that every form of a session sends back. Another site cannot read it. */
export function csrfToken({ session }: Viewer): string {
  return session.csrf
}

/**
 * Whether a request that orders something comes from a form of this session: the browser does not say that another site sent it, and
 * the form has the token of the session.
 */
export function checkCsrf(
  viewer: Viewer,
  request: Request,
  { form, base }: { form: FormData; base: string },
): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin') return false
  const origin = request.headers.get('origin')
  if (origin !== null && origin !== new URL(base).origin) return false
  const given = form.get(csrfField)
  return typeof given === 'string' && isSameSecret(given, csrfToken(viewer))
}
