import type { Probe } from './probes.ts'

/** Whether Slack takes the token. Its own retries are off: a doctor says what is, now. */
export function slackProbe({ token, apiUrl }: { token: string; apiUrl?: string | undefined }): Probe {
  return {
    name: 'Slack',
    look: async () => {
      const { WebClient, LogLevel } = await import('@slack/web-api')
      const client = new WebClient(token, {
        ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
        retryConfig: { retries: 0 },
        logLevel: LogLevel.ERROR,
      })
      const { team, user } = await client.auth.test()
      return `Slack answers: ${user ?? 'the bot'} of ${team ?? 'the workspace'}.`
    },
  }
}
