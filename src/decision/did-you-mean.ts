/**
 * The candidate nearest to a mistyped text, or undefined when none is similar enough: up to a third of the letters may differ.
 * Case is ignored. The first of equally similar ones wins.
 */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  const typed = text.toLowerCase().slice(0, 80)
  let best: string | undefined
  let least = Math.floor(Math.max(typed.length, 3) / 3) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - typed.length) >= least) continue
    const distance = editDistance(typed, candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** At most three candidates near the text: misspelled, or containing it; the nearest first. */
export function closestMatches(text: string, candidates: Iterable<string>): string[] {
  const typed = text.toLowerCase().slice(0, 80)
  const most = Math.floor(Math.max(typed.length, 3) / 3)
  const distanceOf = (candidate: string) => {
    const name = candidate.toLowerCase()
    return name.includes(typed) || typed.includes(name) ? most : editDistance(typed, name.slice(0, 160))
  }
  return [...candidates]
    .map((candidate) => ({ candidate, distance: distanceOf(candidate) }))
    .filter(({ distance }) => distance <= most)
    .sort((one, other) => one.distance - other.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

/** Levenshtein's distance: the fewest insertions, deletions and replacements of one letter. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (letter === b[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
