import { spawn } from 'node:child_process'
import type { GitAnswer, GitRequest } from './git-process.ts'

/** The process that `git-process.ts` starts: it runs each `git` that it is asked for, and ends with its parent. */
process.on('message', ({ id, folder, args, env, input }: GitRequest) => {
  const child = spawn('git', args, { cwd: folder, env })
  const out: Buffer[] = []
  const err: Buffer[] = []
  const answer = (given: Omit<GitAnswer, 'id'>) => process.send?.({ id, ...given })
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.on('error', ({ message }) => answer({ problem: message }))
  child.on('close', (code) => {
    const [stdout, stderr] = [out, err].map((chunks) => Buffer.concat(chunks).toString('utf8'))
    answer({ result: { code: code ?? 1, stdout: stdout ?? '', stderr: stderr ?? '' } })
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
})
process.on('disconnect', () => process.exit())
