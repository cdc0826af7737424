import type { IncomingMessage } from 'node:http'

/** Whether a request comes over loopback, and not through a local proxy that names itself in it. */
export function isFromThisMachine({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
  const isLocal = /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '')
  return isLocal && !['forwarded', 'x-forwarded-for', 'via'].some((name) => name in headers)
}
