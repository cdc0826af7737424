import type { ServerResponse } from 'node:http'
import { z } from 'zod'
import { isFromThisMachine } from './from-this-machine.ts'
import {
  exportArgs,
  exportRecords,
  printReport,
  printUrgentShare,
  reportArgs,
  shareArgs,
  verify,
  verifyArgs,
} from './requests/audit.ts'
import { backup, backupArgs } from './requests/backup.ts'
import { blockedArgs, printBlocked } from './requests/blocked.ts'
import { calendarArgs, printCalendarLink } from './requests/calendar.ts'
import { dossierArgs, printDossier } from './requests/dossier.ts'
import { incidentListArgs, incidentShowArgs, listAllIncidents, showIncident } from './requests/incidents.ts'
import { notesArgs, printNotes } from './requests/notes.ts'
import { jobArgs, listArgs, listQueue, retryArgs, retryJobs, showJob } from './requests/queue.ts'
import type { Output, RequestShell } from './requests/request.ts'
import { recordRunbook, runbookArgs } from './requests/runbook.ts'
import type { Handler } from './server.ts'
import { readOrder, signedRequest } from './signed-request.ts'

type DatabaseRequest = (shell: RequestShell, args: unknown, out: Output) => Promise<number>

function request<Args>(
  schema: z.ZodType<Args>,
  run: (shell: RequestShell, args: Args, out: Output) => Promise<number>,
): DatabaseRequest {
  return (shell, args, out) => run(shell, schema.parse(args), out)
}

/**
 * The database requests of the command line, each with its exit code. Only one process can open the folder of the embedded
 * database: while that is the bot, the command line sends it the request; otherwise it runs it itself.
 */
export const databaseRequests = {
  'audit verify': request(verifyArgs, verify),
  'audit export': request(exportArgs, exportRecords),
  'audit report': request(reportArgs, printReport),
  'audit urgent-share': request(shareArgs, printUrgentShare),
  report: request(blockedArgs, printBlocked),
  'audit dossier': request(dossierArgs, printDossier),
  'incident list': request(incidentListArgs, listAllIncidents),
  'incident show': request(incidentShowArgs, showIncident),
  notes: request(notesArgs, printNotes),
  backup: request(backupArgs, backup),
  calendar: request(calendarArgs, printCalendarLink),
  'queue ls': request(listArgs, listQueue),
  'queue show': request(jobArgs, showJob),
  'queue retry': request(retryArgs, retryJobs),
  'runbook record': request(runbookArgs, recordRunbook),
} satisfies Record<string, DatabaseRequest>

export type RequestName = keyof typeof databaseRequests

export const databaseRequestPath = '/api/database'

/** A part of the answer, one per line. Without a final `exit` the answer is incomplete. */
export type Frame = { out: string } | { base64: string } | { exit: number } | { error: string }

const requestSchema = signedRequest.extend({
  request: z.enum(Object.keys(databaseRequests) as RequestName[]),
  args: z.record(z.string(), z.unknown()),
})

/**
 * Runs requests of the command line on the bot's own machine, for whoever can read the folder of the database, which holds the key. They
 * read everything that is stored, so the key alone is not enough to send one from outside.
 */
export function databaseRequestHandler(options: { key: string; shell: RequestShell }): Handler {
  return async (incoming, response) => {
    if (!isFromThisMachine(incoming))
      return refuse(response, 403, 'This request is accepted only on the machine that the bot runs on.')
    const read = await readOrder(incoming, requestSchema, [options.key])
    if (!('order' in read)) return refuse(response, read.status, read.body.error)
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    const send = (frame: Frame) => write(response, `${JSON.stringify(frame)}\n`)
    try {
      const run: DatabaseRequest = databaseRequests[read.order.request]
      await send({ exit: await run(options.shell, read.order.args, (part) => send(frameOf(part))) })
    } catch (error) {
      await send({ error: error instanceof Error ? error.message : String(error) })
    }
    response.end()
  }
}

function frameOf(part: string | Uint8Array): Frame {
  return typeof part === 'string' ? { out: part } : { base64: Buffer.from(part).toString('base64') }
}

function refuse(response: ServerResponse, status: number, error: string): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(`${JSON.stringify({ error })}\n`)
}

/** @throws when the client has disconnected, so that reading stops. */
function write(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed) return Promise.reject(new Error('the client has disconnected'))
  if (response.write(text)) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const onDrain = () => {
      response.off('close', onClose)
      resolve()
    }
    const onClose = () => {
      response.off('drain', onDrain)
      reject(new Error('the client has disconnected'))
    }
    response.once('drain', onDrain).once('close', onClose)
  })
}
