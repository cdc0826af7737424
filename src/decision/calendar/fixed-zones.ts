/** Zones without daylight saving time that are written for a place which has it, by their lower-case names. */
const meant: Record<string, string> = {
  est: 'America/New_York',
  mst: 'America/Denver',
  hst: 'Pacific/Honolulu',
  gmt: 'Europe/London',
  gmt0: 'Europe/London',
  'gmt+0': 'Europe/London',
  'gmt-0': 'Europe/London',
  greenwich: 'Europe/London',
}

/** The place that is meant by a fixed offset, in hours west of Greenwich: POSIX counts that way, and so does `Etc/GMT+8`. */
const west: Record<number, string> = {
  0: 'Europe/London',
  4: 'America/Halifax',
  5: 'America/New_York',
  6: 'America/Chicago',
  7: 'America/Denver',
  8: 'America/Los_Angeles',
  9: 'America/Anchorage',
  10: 'Pacific/Honolulu',
  [-1]: 'Europe/Berlin',
  [-2]: 'Europe/Athens',
  [-3]: 'Europe/Istanbul',
  [-8]: 'Asia/Singapore',
  [-9]: 'Asia/Tokyo',
  [-10]: 'Australia/Sydney',
  [-12]: 'Pacific/Auckland',
}

/** What is wrong with a zone that has no daylight saving time and is not a place's, as the end of a sentence. UTC is meant as it is. */
export function fixedZoneProblem(zone: string): string | undefined {
  const name = zone.toLowerCase().replace(/^etc\//, '')
  const [, sign, hours] = /^gmt([+-])(\d{1,2})$/.exec(name) ?? []
  if (meant[name] === undefined && sign === undefined) return undefined
  const place = meant[name] ?? west[(sign === '-' ? -1 : 1) * Number(hours)]
  const ask = place ? `did you mean "${place}"?` : 'write the zone of a city, like "Asia/Dubai".'
  return `has no daylight saving time; ${ask} Write "UTC" for a fixed clock`
}
