import type { Probe } from './probes.ts'

/** Whether Slack accepts the token. The client's own retries are off, so the answer is immediate. */
export function slackProbe({ token, apiUrl }: { token: string; apiUrl?: string | undefined }): Probe {
  return {
    name: 'Slack',
    run: async () => {
      const { WebClient, LogLevel } = await import('@slack/web-api')
      const client = new WebClient(token, {
        ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
        retryConfig: { retries: 0 },
        logLevel: LogLevel.ERROR,
      })
      const { team, user, response_metadata: metadata } = await client.auth.test()
      const ok = `Connected to Slack as ${user ?? 'the bot'} in ${team ?? 'the workspace'}.`
      // From the header `x-oauth-scopes`, which Slack's own servers send.
      const scopes = metadata?.scopes
      return scopes ? { ok, scopes } : ok
    },
  }
}
