import { randomBelow, type Random } from '@walrus/testing'
import { oneOf } from './draw.js'

/** No input gets longer by being changed. */
const INPUT_BYTES_MAX = 256 * 1024

/**
 * The input with one to four changes: bits turned over, bytes overwritten, taken out or doubled, an end cut off, a piece of
 * `other` put in, or a number written over that is likely to be a length.
 */
export function mutate(random: Random, input: Uint8Array, other: Uint8Array): Uint8Array {
  let mutated = input
  for (let left = 1 + randomBelow(random, 4); left > 0; left -= 1)
    mutated = oneOf(random, CHANGES)(random, mutated, other)
  return mutated.subarray(0, INPUT_BYTES_MAX)
}

type Change = (random: Random, input: Uint8Array, other: Uint8Array) => Uint8Array

const turnBit: Change = (random, input) => {
  const changed = input.slice()
  const at = randomBelow(random, changed.length)
  if (changed.length > 0) changed[at] = (changed[at] ?? 0) ^ (1 << randomBelow(random, 8))
  return changed
}

const overwrite: Change = (random, input) => {
  const { start, end } = anyRange(random, input.length, 16)
  const changed = input.slice()
  for (let at = start; at < end; at += 1) changed[at] = randomBelow(random, 256)
  return changed
}

const takeOut: Change = (random, input) => {
  const { start, end } = anyRange(random, input.length, input.length)
  return joined(input.subarray(0, start), input.subarray(end))
}

const double: Change = (random, input) => {
  const { start, end } = anyRange(random, input.length, input.length)
  return joined(input.subarray(0, end), input.subarray(start))
}

const cut: Change = (random, input) => input.subarray(0, randomBelow(random, input.length + 1))

const lengthen: Change = (random, input) => joined(input, new Uint8Array(1 + randomBelow(random, 64)))

const splice: Change = (random, input, other) => {
  const { start, end } = anyRange(random, other.length, other.length)
  const at = randomBelow(random, input.length + 1)
  return joined(input.subarray(0, at), other.subarray(start, end), input.subarray(at))
}

/** A number, in the little-endian order of all our formats: none at all, all there is, or about as long as the input. */
const editLength: Change = (random, input) => {
  const width = oneOf(random, [1, 2, 4, 4, 8])
  if (input.length < width) return input
  const at = randomBelow(random, input.length - width + 1)
  const value = oneOf(random, [
    0n,
    1n,
    0x7fn,
    0x7fffffffn,
    0x80000000n,
    0xfffffffen,
    0xffffffffn,
    2n ** 53n,
    2n ** 64n - 1n,
  ])
  const near = BigInt(Math.max(0, input.length - at - randomBelow(random, 12)))
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, random() < 0.3 ? near : value, true)
  const changed = input.slice()
  changed.set(bytes.subarray(0, width), at)
  return changed
}

const CHANGES = [
  turnBit,
  turnBit,
  overwrite,
  takeOut,
  double,
  cut,
  lengthen,
  splice,
  editLength,
  editLength,
  editLength,
]

function anyRange(random: Random, length: number, lengthMax: number): { readonly start: number; readonly end: number } {
  const start = randomBelow(random, length + 1)
  return { start, end: Math.min(length, start + randomBelow(random, lengthMax + 1)) }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
