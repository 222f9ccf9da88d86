import { byteAt } from '../little-endian.js'

// Hand-written, because the platform's coders are not among the types of a pure room. Only errors and JSON come through
// here; payloads are never text.

/** The text as UTF-8; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const target = new Uint8Array(3 * text.length)
  let at = 0
  for (const character of text) at = writeCodePoint(target, at, wellFormed(character.codePointAt(0) as number))
  return target.subarray(0, at)
}

/** The text of `bytes[start, end)`; undefined if that is not well-formed UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  const parts: string[] = []
  let units: number[] = []
  let at = start
  while (at < end) {
    const size = sequenceBytes(byteAt(bytes, at))
    const codePoint = at + size <= end ? readCodePoint(bytes, at, size) : MALFORMED
    if (codePoint === MALFORMED) return undefined
    units.push(codePoint)
    at += size
    if (units.length === UNITS_PER_PART) {
      parts.push(String.fromCodePoint(...units))
      units = []
    }
  }
  return parts.join('') + String.fromCodePoint(...units)
}

const MALFORMED = -1
const REPLACEMENT = 0xfffd
/** Arguments that one call can take without overflowing the stack. */
const UNITS_PER_PART = 4096
/** Smallest code point of a sequence of that many bytes: anything below is an overlong form. */
const SMALLEST = [0, 0, 0x80, 0x800, 0x10000]

function wellFormed(codePoint: number): number {
  return isSurrogate(codePoint) ? REPLACEMENT : codePoint
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff
}

function writeCodePoint(target: Uint8Array, at: number, codePoint: number): number {
  if (codePoint < 0x80) {
    target[at] = codePoint
    return at + 1
  }
  const size = codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4
  for (let i = size - 1, rest = codePoint; i > 0; i--, rest >>= 6) target[at + i] = 0x80 | (rest & 0x3f)
  target[at] = ((0xf00 >> size) & 0xff) | (codePoint >> (6 * (size - 1)))
  return at + size
}

/** Length of the sequence that starts with this byte; 1 also for bytes that start none. */
function sequenceBytes(first: number): number {
  if (first < 0xc0) return 1
  if (first < 0xe0) return 2
  return first < 0xf0 ? 3 : 4
}

function readCodePoint(bytes: Uint8Array, at: number, size: number): number {
  const first = byteAt(bytes, at)
  if (size === 1) return first < 0x80 ? first : MALFORMED
  let codePoint = first & (0x7f >> size)
  for (let i = 1; i < size; i++) {
    const next = byteAt(bytes, at + i)
    if ((next & 0xc0) !== 0x80) return MALFORMED
    codePoint = (codePoint << 6) | (next & 0x3f)
  }
  const smallest = SMALLEST[size] as number
  return codePoint >= smallest && codePoint <= 0x10ffff && !isSurrogate(codePoint) && first < 0xf8
    ? codePoint
    : MALFORMED
}
