import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Stage } from '../../src/sandbox/stage.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type CommandLine = ReturnType<typeof aCommandLine>

/** The command line of people who are signed in, and, where nobody is named, of a script with the operator's token. */
export function aCommandLine(stage: Stage) {
  const tokens = new Map<string, string>()
  stage.github.signIn.interval = 0
  return async (login: string | undefined, ...args: string[]): Promise<{ code: number; out: string }> => {
    const known = login === undefined ? stage.operatorToken : tokens.get(login)
    const token = known ?? (await signIn(stage, login ?? ''))
    if (login !== undefined) tokens.set(login, token)
    const env = { PATH: process.env.PATH ?? '', OPERATOR_TOKEN: token }
    const words = [main, ...args, '--url', stage.bot().url]
    const answer = await new Promise<{ code: number; out: string }>((resolve) => {
      execFile(process.execPath, words, { env, cwd: '/' }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out: stdout + stderr }),
      )
    })
    await stage.settled()
    return answer
  }
}

/** As the command line does; the person agrees on GitHub's page. */
async function signIn(stage: Stage, login: string): Promise<string> {
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${stage.bot().url}${path}`, { method: 'POST', body: JSON.stringify(body) })
    return (await answer.json()) as Record<string, string>
  }
  const { deviceCode, userCode = '' } = await post('/api/login', {})
  const form = new URLSearchParams({ user_code: userCode, login })
  await fetch(`${stage.github.url}/login/device`, { method: 'POST', body: form })
  const { token = '' } = await post('/api/login/token', { deviceCode })
  return token
}
