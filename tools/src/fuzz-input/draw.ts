import { randomBelow, type Random } from '@walrus/testing'

/** One of them. */
export function oneOf<const Value>(random: Random, values: readonly Value[]): Value {
  const value = values[randomBelow(random, values.length)]
  if (value === undefined) throw new Error('nothing to choose from')
  return value
}

/** A whole number that is small, or at an edge of what formats hold, or anything up to 2^53 − 1. */
export function anyNumber(random: Random): number {
  const shape = randomBelow(random, 4)
  if (shape === 0) return oneOf(random, EDGES)
  return Math.floor(random() * (shape === 1 ? 10 : shape === 2 ? 2 ** 32 : Number.MAX_SAFE_INTEGER))
}

/** As `anyNumber`, below 2^32. */
export function anyU32(random: Random): number {
  return anyNumber(random) % 2 ** 32
}

/** As `anyNumber`, from 1. */
export function anyId(random: Random): number {
  return Math.max(1, anyNumber(random))
}

/** Up to that many bytes. */
export function anyBytes(random: Random, lengthMax: number): Uint8Array {
  return Uint8Array.from({ length: randomBelow(random, lengthMax + 1) }, () => randomBelow(random, 256))
}

/** From 1 character on, of those that names have. */
export function anyName(random: Random, lengthMax = 20): string {
  const length = 1 + randomBelow(random, lengthMax)
  return Array.from({ length }, () => NAME_CHARACTERS.charAt(randomBelow(random, NAME_CHARACTERS.length))).join('')
}

/** So many of what `make` gives, up to `countMax`. */
export function someOf<Value>(random: Random, countMax: number, make: () => Value): Value[] {
  return Array.from({ length: randomBelow(random, countMax + 1) }, make)
}

const EDGES = [0, 1, 2, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]
const NAME_CHARACTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-'
