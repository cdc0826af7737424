import { PGlite } from '@electric-sql/pglite'

/** FoodyePay's ledger, small: diners, restaurants, rewards, and the receipts that the chain would give. */
const schema = `
create table if not exists diners (
  diner_wallet text primary key,
  email text not null,
  phone text,
  created_at timestamptz not null default now()
);
create table if not exists restaurants (restaurant_id text primary key, name text not null);
create table if not exists reward_ledger (
  reward_id uuid primary key default gen_random_uuid(),
  diner_wallet text not null references diners,
  restaurant_id text not null references restaurants,
  amount numeric not null check (amount > 0),
  idempotency_key text not null,
  tx_hash text not null,
  status text not null default 'issued' check (status in ('issued', 'void')),
  created_at timestamptz not null default now()
);
create table if not exists tool_log (
  tool text not null,
  diner_wallet text not null,
  answer text not null,
  called_at timestamptz not null default now()
);
create table if not exists chain_receipts (tx_hash text primary key, status text not null);
`

/** Wallets of the sandbox begin with ten zeros, so they belong to nobody. */
export const sandboxDiner = `0x${'0'.repeat(10)}${'d1'.repeat(15)}`

const seed = `
insert into diners (diner_wallet, email) values
  ('${sandboxDiner}', 'ada@diners.example'),
  ('0x${'0'.repeat(10)}${'d2'.repeat(15)}', 'grace@diners.example')
on conflict do nothing;
insert into restaurants values ('r-1', 'Noodle House'), ('r-2', 'Green Table') on conflict do nothing;
`

/** Opens the ledger in memory, or puts its tables into a database that is given. */
export async function openLedgerDatabase(given?: PGlite): Promise<PGlite> {
  const database = given ?? (await PGlite.create())
  await database.exec(schema)
  await database.exec(seed)
  return database
}
