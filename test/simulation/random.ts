/** Numbers that look random and are the same for the same seed: mulberry32. */
export type Random = {
  /** From 0 to below 1. */
  next: () => number
  /** A whole number from `least` to `most`, both included. */
  between: (least: number, most: number) => number
  chance: (probability: number) => boolean
  pick: <Each>(from: readonly Each[]) => Each
  /** One of these, each as often as its weight says. */
  weighted: <Each>(from: readonly (readonly [weight: number, Each])[]) => Each
}

export function random(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  const pick = <Each>(from: readonly Each[]): Each => {
    const chosen = from[between(0, from.length - 1)]
    if (chosen === undefined) throw new Error('There is nothing to pick from')
    return chosen
  }
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick,
    weighted: (from) => {
      let left = next() * from.reduce((sum, [weight]) => sum + weight, 0)
      for (const [weight, each] of from) {
        left -= weight
        if (left < 0) return each
      }
      return pick(from)[1]
    },
  }
}
