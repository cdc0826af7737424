import { openDatabase } from '../../src/store/database/open.ts'

/** Opens the folder named on the command line, says so, and holds it until it is killed. */
const database = await openDatabase({ dataDir: process.argv[2] ?? '' })
await database.query('INSERT INTO release_gate.facts (key, value, last_used_at) VALUES ($1, $2, now())', [
  'written before the kill',
  '1',
])
process.stdout.write('held\n')
setInterval(() => undefined, 60_000)
