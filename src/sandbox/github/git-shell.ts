import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/** One shell that runs commands one after the other, and a folder for their input and output. */
export type Shell = {
  folder: string
  /** Runs a command that neither reads from the shell nor writes to it, and answers its exit code. */
  run(command: string): Promise<number>
  ended(): boolean
}

/** It ends with its parent, and takes the folder with it. It does not keep the process alive unless something waits for it. */
export function openShell(folder: string, env: Record<string, string>): Shell {
  const child = spawn('/bin/sh', ['-s', folder], { env, stdio: ['pipe', 'pipe', 'ignore'] })
  const answers = child.stdout as Socket
  let ended = false
  let waiting: { resolve: (code: number) => void; reject: (error: Error) => void } | undefined
  const end = () => {
    ended = true
    waiting?.reject(new Error('The shell that runs git ended'))
  }
  child.once('error', end).once('exit', end).unref()
  child.stdin.on('error', () => undefined)
  ;(child.stdin as Socket).unref()
  answers.unref()
  answers.on('data', (code: Buffer) => waiting?.resolve(Number(code.toString())))
  child.stdin.write(`trap 'rm -rf "$1"' EXIT\n`)
  return {
    folder,
    async run(command) {
      if (ended) throw new Error('The shell that runs git ended')
      answers.ref()
      try {
        return await new Promise<number>((resolve, reject) => {
          waiting = { resolve, reject }
          child.stdin.write(`${command}; echo $?\n`)
        })
      } finally {
        waiting = undefined
        answers.unref()
      }
    },
    ended: () => ended,
  }
}
