import { createGzip } from 'node:zlib'
import { z } from 'zod'
import { writeBackup } from '../../store/database/backup.ts'
import type { Database } from '../../store/database.ts'
import type { Output } from './request.ts'

export const backupArgs = z.strictObject({ at: z.iso.datetime({ offset: true }) })

/**
 * A backup, compressed. On the embedded database everything else waits while it is read, so it is read completely before it is
 * sent: a slow client must not block the bot.
 */
export async function backup(
  { database }: { database: Database },
  { at }: z.output<typeof backupArgs>,
  out: Output,
): Promise<number> {
  const gzip = createGzip()
  const compressed = sendAll(gzip, database.kind === 'pglite' ? undefined : out)
  try {
    await writeBackup(database, new Date(at), async (line) => {
      if (!gzip.write(line)) await Promise.race([drained(gzip), compressed])
    })
  } catch (error) {
    gzip.destroy()
    await compressed.catch(() => undefined)
    throw error
  }
  gzip.end()
  for (const chunk of await compressed) await out(chunk)
  return 0
}

/** Sends the data of a stream; without `out`, returns it at the end. */
async function sendAll(stream: AsyncIterable<Uint8Array>, out: Output | undefined): Promise<Uint8Array[]> {
  const kept: Uint8Array[] = []
  for await (const chunk of stream) {
    if (out) await out(chunk)
    else kept.push(chunk)
  }
  return kept
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => stream.once('drain', resolve))
}
