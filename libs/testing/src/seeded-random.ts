/** A source of numbers in [0, 1). The same source asked the same questions gives the same answers. */
export type Random = () => number

/** Equal seeds give equal sequences, on every machine (mulberry32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from 0 to `limit` − 1. */
export function randomBelow(random: Random, limit: number): number {
  return Math.floor(random() * limit)
}
