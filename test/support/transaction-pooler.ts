import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

type Server = { socket: Socket; owner: Client | undefined }
type Client = { socket: Socket; server: Server | undefined; waiting: Buffer[]; open: number }

/** Messages of the protocol that the server answers with "ready": a simple query, and Sync. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const ANSWERED = ['Q', 'S']
const [READY, TERMINATE, IDLE] = ['Z', 'X', 'I'.charCodeAt(0)]

/**
 * A pooler in transaction mode in front of a Postgres: each transaction of a client runs on the connection to the server that was idle for
 * longest. A client signs in on a connection of its own, which all share from then on.
 */
export async function transactionPooler(url: string): Promise<{ url: string; close: () => Promise<void> }> {
  const target = new URL(url)
  const idle: Server[] = []
  const waiting: Client[] = []
  const sockets = new Set<Socket>()

  const assign = () => {
    while (idle.length > 0 && waiting.length > 0) {
      const [server, client] = [idle.shift(), waiting.shift()]
      if (!server || !client) return
      server.owner = client
      client.server = server
      for (const message of client.waiting.splice(0)) server.socket.write(message)
    }
  }
  const fromClient = (client: Client) => (message: Buffer) => {
    const kind = String.fromCharCode(message[0] ?? 0)
    if (kind === TERMINATE) return
    if (ANSWERED.includes(kind)) client.open += 1
    if (client.server) return void client.server.socket.write(message)
    client.waiting.push(message)
    if (!waiting.includes(client)) waiting.push(client)
    assign()
  }
  const fromServer = (server: Server) => (message: Buffer) => {
    const { owner } = server
    if (!owner) return
    owner.socket.write(message)
    if (String.fromCharCode(message[0] ?? 0) !== READY) return
    owner.open -= 1
    if (owner.open > 0 || message[5] !== IDLE) return
    owner.server = undefined
    server.owner = undefined
    idle.push(server)
    assign()
  }

  const listener = createServer({ noDelay: true }, (socket) => {
    const upstream = connect({ port: Number(target.port), host: target.hostname, noDelay: true })
    const client: Client = { socket, server: undefined, waiting: [], open: 1 }
    const server: Server = { socket: upstream, owner: client }
    client.server = server
    for (const each of [socket, upstream]) {
      sockets.add(each)
      each.on('error', () => undefined)
    }
    upstream.on('close', () => socket.destroy())
    // The first message has no kind. The answers to it end with "ready", as those to every other one.
    socket.once('data', (startup: Buffer) => {
      upstream.write(startup)
      socket.on('data', messagesOf(fromClient(client)))
    })
    upstream.on('data', messagesOf(fromServer(server)))
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const own = new URL(url)
  own.port = String((listener.address() as AddressInfo).port)
  own.search = ''
  return {
    url: own.href,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}

/** Cuts what arrives into messages: a byte that says the kind, the length of the rest in four, the rest. */
function messagesOf(onMessage: (message: Buffer) => void): (chunk: Buffer) => void {
  let left = Buffer.alloc(0)
  return (chunk) => {
    left = Buffer.concat([left, chunk])
    while (left.length >= 5 && left.length >= left.readUInt32BE(1) + 1) {
      const length = left.readUInt32BE(1) + 1
      onMessage(left.subarray(0, length))
      left = left.subarray(length)
    }
  }
}
