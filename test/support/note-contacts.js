// Preloaded into a process: notes each host that it looks up or connects to, and each program that it starts, in the file CONTACTS.
import { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'

const note = (contact) => appendFileSync(process.env.CONTACTS, `${contact}\n`)

subscribe('net.client.socket', ({ socket }) => {
  socket.on('lookup', (_error, _address, _family, host) => note(host))
  socket.on('connectionAttempt', (address) => note(address))
})

const spawn = ChildProcess.prototype.spawn
ChildProcess.prototype.spawn = function (options) {
  note(options.file)
  return spawn.call(this, options)
}
