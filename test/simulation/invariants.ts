import { verifyChain } from '../../src/store/audit/verify.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { House } from './house.ts'
import { aboutToClose, type Opinion } from './oracle.ts'
import type { Photo, PullPhoto } from './photo.ts'
import type { Witness, World } from './world.ts'

/** A promise that was broken, with the repository in which it was. */
export type Breach = { history: number; promise: string; what: string }

type Found = Omit<Breach, 'history'>
type Kept = { kind: string; body: { number?: number } & Record<string, unknown> }

/** Holds what happened to each promise of the gate. */
export async function breachesOf(world: World, url: string): Promise<Breach[]> {
  const breaches: Breach[] = []
  for (const [history, witness] of world.witnesses.entries()) {
    const records = await recordsOf(world, witness)
    const found = [...(await wrongChecks(witness)), ...(await wrongMerges(world, witness, records))]
    breaches.push(...found.map((breach) => ({ history, ...breach })))
  }
  return [...breaches, ...(await brokenChain(url)), ...(await lostDeliveries(world))]
}

/** After quiet, every open pull request has the check that it deserves, and no head that was left or closed is green. */
async function wrongChecks({ quiet, oracle, house }: Witness): Promise<Found[]> {
  const found: Found[] = []
  for (const photo of quiet) {
    const left = house.pulls.flatMap(({ heads: all }) => all.filter((head) => photo.green.has(head)))
    const heads = new Set([...left, ...photo.pulls.flatMap(({ open, head }) => (open ? [head] : []))])
    for (const head of heads) {
      const opinion = await oracle.ofHead(photo, head)
      const promise = promiseBrokenBy(photo, head, opinion)
      if (promise) found.push({ promise, what: describe(photo, head, opinion) })
    }
  }
  return found
}

function promiseBrokenBy(photo: Photo, head: string, opinion: Opinion | undefined): string | undefined {
  const green = photo.green.has(head)
  if (green && (opinion ? opinion.deserves === 'not green' : !isMerged(photo, head)))
    return 'after quiet, no check is green that does not deserve it'
  if (!green && opinion?.deserves === 'green') return 'after quiet, a check is green that deserves it'
  if (opinion && !photo.checked.has(head)) return 'after quiet, every covered pull request has a check'
  return undefined
}

/** A commit that was merged keeps its green check: on a branch that no policy covers, the gate has nothing to say. */
function isMerged({ pulls }: Photo, head: string): boolean {
  return pulls.some((pull) => pull.merged && pull.head === head)
}

function describe(photo: Photo, head: string, opinion: Opinion | undefined): string {
  const numbers = photo.pulls.flatMap((pull) =>
    pull.open && pull.head === head ? [`#${pull.number} to ${pull.base}`] : [],
  )
  const deserves = opinion ? `deserves ${opinion.deserves}: ${opinion.why}` : 'is covered by no policy'
  return `${stamp(photo.at)} ${numbers.join(', ')} at ${head.slice(0, 7)} is ${photo.green.has(head) ? 'green' : 'not green'} and ${deserves}`
}

/** No merge against the policy by a green check that had time to change; each merge has its record, exceptions theirs. */
async function wrongMerges({ slack }: World, witness: Witness, records: Kept[]): Promise<Found[]> {
  const { merges, oracle, house, otherwise } = witness
  const found: Found[] = []
  for (const { number, commit, photo } of merges) {
    const merged = photo.pulls.find((each) => each.number === number)
    if (!merged || !oracle.covers(await oracle.rulesAt(photo), merged.base)) continue
    const pull = { ...merged, open: true }
    const opinion = await oracle.ofPull(photo, pull)
    // A merge queue merges by the check of its group, which is on the commit of the merge.
    const green = photo.green.has(pull.head) || photo.green.has(commit)
    const kinds = records.flatMap(({ kind, body }) => (body.number === number ? [kind] : []))
    const promises = [
      green && opinion.deserves === 'not green' && (await hadTime(witness, photo, pull))
        ? 'no forbidden merge is let through by a check that had time to change'
        : undefined,
      ...promisesOfRecords(kinds, green, opinion, otherwise.has(photo.at)),
      house.slack && kinds.includes('exception') && !isAnnounced(slack, house, number)
        ? 'an exception is announced'
        : undefined,
    ].filter((promise) => promise !== undefined)
    const what = `${stamp(photo.at)} #${number} was merged ${green ? 'by a green check' : 'past the check'} and deserved ${opinion.deserves}: ${opinion.why}`
    found.push(...promises.map((promise) => ({ promise, what })))
  }
  return found
}

function isAnnounced({ messages }: World['slack'], { name }: House, number: number): boolean {
  return messages.some((message) => {
    const text = JSON.stringify(message)
    return text.includes('bypassed by a merge') && text.includes(`${name}/pull/${number}`)
  })
}

/** `unsure`: GitHub's times are whole seconds, so what happened in the second of the merge may have happened before it. */
function promisesOfRecords(
  kinds: string[],
  green: boolean,
  { deserves, why }: Opinion,
  unsure: boolean,
): (string | undefined)[] {
  const isException = kinds.includes('exception')
  return [
    kinds.includes('merged') ? undefined : 'every merge has its record',
    // The time before closing in which nothing turns green is no rule of the team's.
    (deserves === 'not green' || (!green && why !== aboutToClose)) && !isException
      ? 'a forbidden merge is an exception'
      : undefined,
    green && deserves === 'green' && isException && !unsure ? 'an allowed merge is no exception' : undefined,
  ]
}

/**
 * A check may be behind GitHub until all that was sent has been taken in and done, within the bounds of docs/security.md: it
 * had time where all was quiet before the merge, and the pull request was forbidden then and ever since.
 */
async function hadTime(
  { quiet, photos, oracle }: Witness,
  merge: Photo,
  { number, head }: PullPhoto,
): Promise<boolean> {
  const last = quiet.findLast(({ taken }) => taken < merge.taken)
  if (!last) return false
  const since = photos.filter(({ taken }) => taken > last.taken && taken < merge.taken)
  for (const photo of [last, ...since]) {
    const then = photo.pulls.find((pull) => pull.number === number)
    if (then?.head !== head || !then.open) return false
    if ((await oracle.ofPull(photo, then)).deserves !== 'not green') return false
  }
  return true
}

async function recordsOf(world: World, { house }: Witness): Promise<Kept[]> {
  const rows = await world.bots.query<{ kind: string; body: string }>(
    'SELECT kind, body FROM release_gate.audit_records WHERE installation_id = $1 ORDER BY seq',
    [house.installationId],
  )
  return rows.map(({ kind, body }) => ({ kind, body: JSON.parse(body) }))
}

async function brokenChain(url: string): Promise<Breach[]> {
  const database = await openDatabase({ url })
  const verified = await verifyChain(database)
  await database.close()
  if (verified.ok) return []
  return [{ history: -1, promise: 'the audit chain verifies', what: JSON.stringify(verified) }]
}

/** What was answered with 2xx is stored, and what is stored was done. */
async function lostDeliveries({ bots, github, isHandled }: World): Promise<Breach[]> {
  const rows = await bots.query<{ guid: string; state: string }>(
    'SELECT guid, state FROM release_gate.deliveries',
  )
  const states = new Map(rows.map(({ guid, state }) => [guid, state]))
  const taken = github.deliveries.log.filter(
    ({ status_code: status, event, action }) => status < 300 && isHandled(event, action ?? undefined),
  )
  const lost = taken.filter(({ guid }) => states.get(guid) !== 'processed')
  return lost.map(({ guid, event, action }) => ({
    history: -1,
    promise: 'nothing that was acknowledged is lost',
    what: `${guid} (${event}.${action}) is ${states.get(guid) ?? 'not stored'}`,
  }))
}

function stamp(at: number): string {
  return new Date(at).toISOString().slice(5, 19).replace('T', ' ')
}
