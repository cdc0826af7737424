import { Command } from 'commander'
import { type DatabaseOptions, runDatabaseRequest, withDatabaseOptions } from './database-request.ts'

/** `queue ls|show|retry`: what waits, what failed and why, and how to start it again. */
export function queueCommand(): Command {
  const list = new Command('ls')
    .description('list jobs that are waiting, being retried, or given up')
    .option('--json', 'print the list as JSON')
  const show = new Command('show')
    .description('print a failed job: its reason, its attempts and its data')
    .argument('<job>', 'the first characters of its id')
  const retry = new Command('retry')
    .description('start a failed job again')
    .argument('[job]', 'the first characters of its id')
    .option('--all', 'every job that was given up')
  return new Command('queue')
    .addCommand(
      withDatabaseOptions(
        list,
        '0 nothing was given up, 1 something was,\n2 the queue cannot be read',
      ).action(({ json = false, ...options }: DatabaseOptions & { json?: boolean }) =>
        runDatabaseRequest('queue ls', { json }, options),
      ),
    )
    .addCommand(
      withDatabaseOptions(show, '0 printed, 2 there is no such job').action(
        (job: string, options: DatabaseOptions) =>
          runDatabaseRequest('queue show', { job: idOf(job) }, options),
      ),
    )
    .addCommand(
      withDatabaseOptions(retry, '0 started, 2 there is no such job').action(
        (job: string | undefined, { all = false, ...options }: DatabaseOptions & { all?: boolean }) => {
          if (all === (job !== undefined)) throw new Error('queue retry: give the id of a job, or --all.')
          return runDatabaseRequest('queue retry', job === undefined ? {} : { job: idOf(job) }, options)
        },
      ),
    )
}

function idOf(text: string): string {
  if (/^[0-9a-f-]{4,36}$/.test(text)) return text
  throw new Error(`${JSON.stringify(text)} is not the id of a job. Example: 3f2a9c0d.`)
}
