import { z } from 'zod'
import { callJson } from './http.ts'

/** The operator's Datadog. */
export type Datadog = { url: string; apiKey: string; appKey: string }

type Calling = { signal: AbortSignal; now: () => Date }

const monitorShape = z.object({
  overall_state: z.string(),
  options: z.object({ silenced: z.record(z.string(), z.unknown()).nullish() }).nullish(),
})

function call({ url, apiKey, appKey }: Datadog, path: string, calling: Calling): Promise<unknown> {
  return callJson({
    ...calling,
    system: 'Datadog',
    url: new URL(path, url).href,
    method: 'GET',
    headers: { 'dd-api-key': apiKey, 'dd-application-key': appKey },
  })
}

const matches = z.object({
  data: z.array(
    z.object({
      attributes: z.object({ start: z.string().nullish(), end: z.string().nullish() }).nullish(),
    }),
  ),
})

/**
 * The state of a monitor in Datadog's words, or `Muted`: `silenced` knows nothing of downtimes that were scheduled by version 2 of the API.
 * https://docs.datadoghq.com/api/latest/monitors/#get-a-monitors-details
 * @throws as `callJson`, and a ZodError for an answer that is not as documented.
 */
export async function readMonitor(datadog: Datadog, id: number, calling: Calling): Promise<string> {
  const answer = monitorShape.parse(await call(datadog, `/api/v1/monitor/${id}?group_states=all`, calling))
  const isSilenced = Object.keys(answer.options?.silenced ?? {}).length > 0
  return isSilenced || (await isInDowntime(datadog, id, calling)) ? 'Muted' : answer.overall_state
}

/** https://docs.datadoghq.com/api/latest/downtimes/#get-active-downtimes-for-a-monitor */
async function isInDowntime(datadog: Datadog, id: number, calling: Calling): Promise<boolean> {
  const { data } = matches.parse(await call(datadog, `/api/v2/monitor/${id}/downtime_matches`, calling))
  const now = calling.now().getTime()
  return data.some(({ attributes }) => {
    const { start, end } = attributes ?? {}
    return !(start && Date.parse(start) > now) && !(end && Date.parse(end) <= now)
  })
}

const series = z.object({
  series: z.array(z.object({ pointlist: z.array(z.tuple([z.number(), z.number().nullable()])) })),
})

/**
 * The sum of a count metric over a time. https://docs.datadoghq.com/api/latest/metrics/#query-timeseries-points
 * @throws as `readMonitor`.
 */
export async function countRequests(
  datadog: Datadog,
  query: string,
  { from, to }: { from: Date; to: Date },
  calling: Calling,
): Promise<number> {
  const seconds = (at: Date) => String(Math.floor(at.getTime() / 1_000))
  const parameters = new URLSearchParams({ from: seconds(from), to: seconds(to), query })
  const answer = series.parse(await call(datadog, `/api/v1/query?${parameters}`, calling))
  const points = answer.series.flatMap(({ pointlist }) => pointlist.map(([, value]) => value ?? 0))
  return points.reduce((sum, value) => sum + value, 0)
}
