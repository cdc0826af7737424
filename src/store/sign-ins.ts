import type { Queryable } from './database.ts'

/** A sign-in that GitHub has not answered yet; `state` is a hash. */
export type SignIn = { state: string; verifier: string; returnTo: string; expiresAt: Date }

/** Keeps a sign-in that begins and forgets those that nobody finished. */
export async function keepSignIn(db: Queryable, signIn: SignIn, now: Date): Promise<void> {
  await db.query('DELETE FROM release_gate.sign_ins WHERE expires_at <= $1', [now])
  const { state, verifier, returnTo, expiresAt } = signIn
  await db.query(
    'INSERT INTO release_gate.sign_ins (state, verifier, return_to, expires_at) VALUES ($1, $2, $3, $4)',
    [state, verifier, returnTo, expiresAt],
  )
}

/** Takes a sign-in out: it is found once, and not after its time. */
export async function takeSignIn(db: Queryable, state: string, now: Date): Promise<SignIn | undefined> {
  const [taken] = await db.query<SignIn>(
    `DELETE FROM release_gate.sign_ins WHERE state = $1
     RETURNING state, verifier, return_to AS "returnTo", expires_at AS "expiresAt"`,
    [state],
  )
  return taken && taken.expiresAt > now ? taken : undefined
}
