import type { Settings } from '../settings/settings.ts'
import { openPostgres } from '../store/database/postgres.ts'
import { keptShared } from '../store/policies.ts'
import type { DoctorClients } from './gather.ts'

/** Reads the organization's policy that applied last from the bot's Postgres; an embedded database is held by the bot. */
export function keptSharedOf({ database }: Pick<Settings, 'database'>): Pick<DoctorClients, 'keptShared'> {
  if (!('url' in database)) return {}
  const read = async (installationId: number) => {
    const opened = await openPostgres(database).catch(() => undefined)
    try {
      return opened && (await keptShared(opened, installationId).catch(() => undefined))
    } finally {
      await opened?.close()
    }
  }
  return { keptShared: read }
}
