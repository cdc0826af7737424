import { createHash } from 'node:crypto'
import type { PGlite } from '@electric-sql/pglite'
import type { ModeState } from './modes.ts'

export type Reward = { reward_id: string; tx_hash: string; amount: number; status: string }
export type Issue = { diner_wallet: string; restaurant_id: string; amount: number; idempotency_key: string }

const columns = 'reward_id, tx_hash, amount::float8 as amount, status'

/** Whether a diner may be rewarded at a restaurant; undefined for a diner that is unknown. */
export async function isEligible(
  db: PGlite,
  wallet: string,
  restaurant: string,
): Promise<boolean | undefined> {
  const { rows } = await db.query<{ known: boolean; restaurant: boolean }>(
    `select exists(select from diners where diner_wallet = $1) as known,
            exists(select from restaurants where restaurant_id = $2) as restaurant`,
    [wallet, restaurant],
  )
  return rows[0]?.known ? rows[0].restaurant : undefined
}

/** What the server writes into its log in the database. */
export async function logCall(db: PGlite, tool: string, wallet: string, answer: string): Promise<void> {
  await db.query(`insert into tool_log (tool, diner_wallet, answer) values ($1, $2, $3)`, [
    tool,
    wallet,
    answer,
  ])
}

/** Issues a reward once for each idempotency key; a repeated call gives the first reward again. */
export async function issueReward(db: PGlite, issue: Issue, modes: ModeState): Promise<Reward> {
  return db.transaction(async (tx) => {
    const known = await tx.query<Reward>(`select ${columns} from reward_ledger where idempotency_key = $1`, [
      issue.idempotency_key,
    ])
    if (known.rows[0] && modes.current.issuance !== 'double') return known.rows[0]
    const seed = `${issue.idempotency_key}#${known.rows.length}`
    const hash = `0x${createHash('sha256').update(seed).digest('hex')}`
    await tx.query(`insert into chain_receipts values ($1, 'success') on conflict do nothing`, [hash])
    const made = await tx.query<Reward>(
      `insert into reward_ledger (diner_wallet, restaurant_id, amount, idempotency_key, tx_hash)
       values ($1, $2, $3, $4, $5) returning ${columns}`,
      [issue.diner_wallet, issue.restaurant_id, issue.amount, issue.idempotency_key, hash],
    )
    const [reward] = made.rows
    if (!reward) throw new Error('the ledger took no row')
    return reward
  })
}

/** Totals over the rewards that are not void. */
export async function statistics(db: PGlite, restaurant?: string) {
  const { rows } = await db.query<{ rewards: number; total_amount: number; diners: number }>(
    `select count(*)::int as rewards, coalesce(sum(amount), 0)::float8 as total_amount,
            count(distinct diner_wallet)::int as diners
     from reward_ledger where status = 'issued' and ($1::text is null or restaurant_id = $1)`,
    [restaurant ?? null],
  )
  return rows[0] ?? { rewards: 0, total_amount: 0, diners: 0 }
}

/** Takes a reward back; false where there is none. */
export async function voidReward(db: PGlite, id: string): Promise<boolean> {
  const { affectedRows = 0 } = await db.query(
    `update reward_ledger set status = 'void' where reward_id::text = $1`,
    [id],
  )
  return affectedRows > 0
}
