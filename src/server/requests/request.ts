import type { Database } from '../../store/database.ts'
import type { Queue } from '../../store/queue.ts'

/** Takes what a request prints; resolves when there is room for more. */
export type Output = (chunk: string | Uint8Array) => Promise<void>

/** What a request works with. */
export type RequestShell = { database: Database; queue: () => Promise<Pick<Queue, 'resend'>> }
