import type { Person } from '../../decision/snapshot.ts'

type Account = { id: number; login: string; type?: string } | null | undefined

const types: readonly string[] = ['User', 'Bot', 'Organization', 'Mannequin'] satisfies Person['type'][]

/** An account of an API answer. An unknown account type is not a person, so it counts as a bot. */
export function personOf(account: Account): Person | null {
  if (!account?.id || !account.login) return null
  const type = types.includes(account.type ?? '') ? (account.type as Person['type']) : 'Bot'
  return { id: account.id, login: account.login, type }
}
