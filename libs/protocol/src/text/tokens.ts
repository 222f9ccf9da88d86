import { byteAt } from '../little-endian.js'

/** The only byte that separates the tokens of a text command. */
export const SPACE = 0x20

/** Position of the first space in `bytes[from, end)`; `end` if there is none. */
export function indexOfSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && byteAt(bytes, at) !== SPACE) at++
  return at
}

/** `end` without the white space in front of it, but not below `from`. */
export function trimmedEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = end
  while (at > from && isWhiteSpace(byteAt(bytes, at - 1))) at--
  return at
}

/** True when `bytes[from, end)` holds nothing but white space. */
export function isBlank(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from
  while (at < end && isWhiteSpace(byteAt(bytes, at))) at++
  return at === end
}

/** True when the bytes at `at` are those of `token`, which may not fit. */
export function startsWith(bytes: Uint8Array, at: number, end: number, token: Uint8Array): boolean {
  if (at + token.length > end) return false
  for (let i = 0; i < token.length; i++) if (bytes[at + i] !== token[i]) return false
  return true
}

/** The bytes of a text that is all ASCII. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** Space, tab, line feed, vertical tab, form feed, carriage return. */
function isWhiteSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d)
}
