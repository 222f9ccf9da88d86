import { randomBelow, seededRandom, type Random } from '@walrus/testing'

/** One of several independent streams of a seed, so that more questions to one do not change the answers of another. */
export function streamOf(seed: number, stream: number): Random {
  return seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b))
}

export function oneOf<T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[randomBelow(random, choices.length)] ?? choices[0]
}

/** A whole number from `least` to `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + randomBelow(random, most - least + 1)
}

/** One of the choices, in proportion to their weights; undefined where there is none. */
export function weighted<T extends { readonly weight: number }>(random: Random, choices: readonly T[]): T | undefined {
  let rest = random() * choices.reduce((sum, { weight }) => sum + weight, 0)
  return choices.find(({ weight }) => (rest -= weight) < 0)
}
