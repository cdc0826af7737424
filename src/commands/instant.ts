/** An instant as ISO text. Requires an offset, since the time zone of this machine has nothing to do with the release. */
export function instantOf(option: string, text: string): string {
  const at = new Date(text)
  if (/(Z|[+-]\d\d:\d\d)$/i.test(text) && !Number.isNaN(at.getTime())) return at.toISOString()
  throw new Error(
    `${option}: ${JSON.stringify(text)} is not an ISO date and time with an offset. Example: "2026-12-24T09:00:00Z" or "2026-12-24T09:00-08:00".`,
  )
}
