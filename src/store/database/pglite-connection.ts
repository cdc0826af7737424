import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { PGlite } from '@electric-sql/pglite'

/**
 * What a client of Postgres takes for its socket: PGlite speaks the same protocol. So it is asked as a server is, statements are prepared,
 * and both answer alike. One client at a time: PGlite is one session. Its own lock does not hold for what comes this way.
 */
export class PgliteConnection extends Duplex {
  readonly #pglite: Pick<PGlite, 'execProtocolRaw'>

  constructor(pglite: Pick<PGlite, 'execProtocolRaw'>) {
    super()
    this.#pglite = pglite
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'))
    return this
  }

  override _read(): void {}

  override _write(message: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(message).then(() => done(), done)
  }

  override _writev(parts: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(parts.map(({ chunk }) => chunk))).then(() => done(), done)
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }

  /** PGlite answers at once: without a turn of the event loop between, a busy queue starves timers and sockets. */
  async #send(message: Buffer): Promise<void> {
    await setImmediate()
    const { buffer, byteLength } = await this.#pglite.execProtocolRaw(message)
    if (byteLength > 0) this.push(Buffer.from(buffer, 0, byteLength))
  }

  /** Settings of a socket, of which there is none. */
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}
