import { isLoopback } from '../settings/addresses.ts'

/**
 * Answers the person who pressed a button, in the channel and visible to nobody else:
 * https://docs.slack.dev/interactivity/handling-user-interaction/#message_responses
 */
export async function respondInSlack(
  url: string,
  answer: { text: string; blocks?: object[] },
  { apiUrl }: { apiUrl: string | undefined },
): Promise<void> {
  if (!isOfSlack(url, apiUrl)) throw new Error('The address to answer at is not one of Slack')
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, ...answer }),
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`Slack answered ${response.status} to the answer`)
}

/** The address is signed. It is checked all the same, since the answer leaves this network. */
function isOfSlack(url: string, apiUrl: string | undefined): boolean {
  const { protocol, hostname, origin } = new URL(url)
  if (apiUrl !== undefined && isLoopback(apiUrl)) return origin === new URL(apiUrl).origin
  return protocol === 'https:' && /(^|\.)slack(-gov)?\.com$/.test(hostname)
}
