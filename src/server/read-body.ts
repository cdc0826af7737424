import type { IncomingMessage } from 'node:http'

/** GitHub never sends more than this. */
export const BODY_CAP = 25 * 1024 * 1024

/** The limit for all bodies together, from their first byte until they are answered and stored. */
export const TOTAL_CAP = 4 * BODY_CAP

/** A body, or the status to refuse it with: 413 too large, 408 too slow, 503 too many at once, 400 cut off. */
export type Body = { bytes: Buffer; release: () => void } | { refused: 400 | 408 | 413 | 503 }

type Refused = Extract<Body, { refused: number }>['refused']

/**
 * The status for a sender of alerts, which never sends again what was answered with a 4xx: a body that came too slowly, perhaps since
 * this process was busy, is asked for again.
 */
export function statusForAlerts(refused: Refused): number {
  return refused === 408 ? 503 : refused
}

/** The bytes that this process holds at the moment, for deliveries and for requests of the command line together. */
export const bufferedBodyBytes = { bytes: 0 }

/**
 * Reads the raw bytes of a request and stops as soon as there are too many or they come too slowly, so that an unsigned
 * body never costs more memory than the cap. A `content-length` over the cap is refused before the first byte is read.
 * Whoever gets the bytes calls `release` when it no longer needs them: until then they count.
 *
 * @param deadline aborts when the sender's time is up.
 */
export function readBody(request: IncomingMessage, deadline: AbortSignal, cap = BODY_CAP): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > cap) return Promise.resolve({ refused: 413 })
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const release = () => {
      bufferedBodyBytes.bytes -= size
      size = 0
    }
    const settle = (body: Body) => {
      request.removeListener('data', onData).removeListener('end', onEnd).removeListener('close', onClose)
      deadline.removeEventListener('abort', onSlow)
      if ('refused' in body) {
        release()
        request.pause()
      }
      resolve(body)
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      bufferedBodyBytes.bytes += chunk.length
      chunks.push(chunk)
      if (size > cap) settle({ refused: 413 })
      else if (bufferedBodyBytes.bytes > TOTAL_CAP) settle({ refused: 503 })
    }
    const onEnd = () => settle({ bytes: Buffer.concat(chunks, size), release })
    const onClose = () => settle({ refused: 400 })
    const onSlow = () => settle({ refused: 408 })
    request.on('data', onData).on('end', onEnd).on('close', onClose)
    deadline.addEventListener('abort', onSlow)
    if (deadline.aborted) onSlow()
  })
}
