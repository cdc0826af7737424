import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Measure, percentile } from './measure.ts'
import { npmStart } from './places.ts'

/** From the start of the process to a ready bot, on the data folder that a stage has left behind. */
export async function benchStart(stage: Stage): Promise<Measure[]> {
  await stage.bot().end('SIGTERM')
  const times: number[] = []
  for (let run = 0; run < 5; run += 1) times.push(await coldStart(stage))
  return [
    {
      name: '`npm start` with an existing folder until /readyz, median of 5',
      value: percentile(times, 0.5),
      unit: 's',
      aim: '2.5 s',
    },
  ]
}

async function coldStart({ github, database }: Stage): Promise<number> {
  const port = await freePort()
  const began = performance.now()
  const child = spawn(process.execPath, npmStart.args, {
    cwd: npmStart.cwd,
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      APP_ID: String(github.app.id),
      PRIVATE_KEY: github.app.privateKey,
      WEBHOOK_SECRET: github.app.webhookSecret,
      GITHUB_API_URL: github.url,
      ...('dataDir' in database ? { DATA_DIR: database.dataDir } : { DATABASE_URL: database.url }),
      PORT: String(port),
    },
  })
  while (!(await isReady(port))) {
    if (child.exitCode !== null) throw new Error('The bot ended before it was ready.')
    await setTimeout(5)
  }
  const took = (performance.now() - began) / 1000
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
  return took
}

async function isReady(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
  return answer?.ok === true
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
