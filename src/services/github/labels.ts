import type { Equality, Label } from '../../decision/snapshot.ts'
import type { DatedPush } from './pushes.ts'

/** For each bound label: whether the content that it was put on, the branch's at that time, is the head's. */
export function bindLabels(
  labels: Label[],
  boundLabels: string[],
  pushes: DatedPush[],
  equalityWith: (sha: string) => Promise<Equality>,
): Promise<Label[]> {
  const bound = new Set(boundLabels.map((name) => name.toLowerCase()))
  return Promise.all(
    labels.map(async (label) => {
      const { name, at } = label
      if (at === null || !bound.has(name.toLowerCase())) return label
      // Times count to the second: a push of the label's own may have come after it.
      const [then] = pushes.filter((push) => Date.parse(push.at) < Date.parse(at)).toSorted(newestFirst)
      return then ? { ...label, equality: await equalityWith(then.after) } : label
    }),
  )
}

function newestFirst(a: DatedPush, b: DatedPush): number {
  return Date.parse(b.at) - Date.parse(a.at)
}

/** When the head came to the branch: the newest push of it, since a branch may come back to an older commit. */
export function pushedAt(pushes: DatedPush[], head: string): { pushedAt?: string } {
  const [newest] = pushes.filter(({ after }) => after === head).toSorted(newestFirst)
  return newest ? { pushedAt: newest.at } : {}
}
