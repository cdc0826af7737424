import { accountByLogin, type Hub, requireAccount } from './hub.ts'
import { type Account, anAccount } from './world.ts'

export type UserOptions = { type?: 'User' | 'Bot'; name?: string | null; email?: string | null }

/** A person or a bot. The e-mail address ties commits to it: `login@example.com` when none is given, null for none. */
export function addUser(hub: Hub, login: string, { type = 'User', name, email }: UserOptions = {}): Account {
  const address =
    email === undefined && type === 'User' ? `${login.toLowerCase()}@example.com` : (email ?? null)
  return makeAccount(hub, { login, type, name: name ?? null, email: address })
}

export function makeAccount(hub: Hub, fields: Pick<Account, 'login' | 'type' | 'name' | 'email'>): Account {
  refuseTaken(hub, fields.login)
  const account = anAccount({ ...fields, id: hub.world.nextId('account'), createdAt: hub.clock() })
  hub.world.accounts.set(account.id, account)
  return account
}

function refuseTaken(hub: Hub, login: string): void {
  if (accountByLogin(hub, login)) throw new Error(`The login ${login} is taken`)
}

/** The id stays, the login goes; somebody else may take it. */
export function renameUser(hub: Hub, login: string, to: string): void {
  refuseTaken(hub, to)
  requireAccount(hub, login).login = to
}

/** Reviews and commits of a deleted account belong to nobody, its issues and pull requests to `ghost`. */
export function deleteUser(hub: Hub, login: string): void {
  const account = requireAccount(hub, login)
  account.deleted = true
  for (const repository of hub.world.repositories.values()) repository.collaborators.delete(account.id)
  for (const team of hub.world.teams) team.members.delete(account.id)
}
