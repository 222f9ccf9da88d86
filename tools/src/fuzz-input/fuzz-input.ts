import { randomBelow, seededRandom, type Random } from '@walrus/testing'
import { anyBytes, oneOf } from './draw.js'
import type { OpenTarget } from './fuzz-target.js'
import { mutate } from './mutate.js'

/**
 * The input with that number: equal seeds, numbers and corpora give equal inputs, on every machine. Most are changed from good
 * ones, or from those of the corpus; some are good, some are noise.
 */
export function fuzzInput(target: OpenTarget, corpus: readonly Uint8Array[], seed: number, number: number): Uint8Array {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b))
  // The first draws of seeds that differ by little are alike.
  for (let skipped = 0; skipped < 3; skipped += 1) random()
  const shape = random()
  if (shape < 0.05) return anyBytes(random, NOISE_BYTES_MAX)
  if (shape < 0.1) return target.example(random)
  const mutated = mutate(random, start(target, corpus, random), start(target, corpus, random))
  // A copy: what is made good again may be a view of the corpus.
  return target.reseal !== undefined && random() < 0.7 ? target.reseal(mutated.slice()) : mutated
}

const NOISE_BYTES_MAX = 300

function start(target: OpenTarget, corpus: readonly Uint8Array[], random: Random): Uint8Array {
  return corpus.length > 0 && randomBelow(random, 2) === 0 ? oneOf(random, corpus) : target.example(random)
}
