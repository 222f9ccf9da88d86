/** UTF-8 without help from a platform. */
export function encodeText(text: string): Uint8Array {
  const bytes: number[] = []
  const escaped = encodeURIComponent(text)
  for (let at = 0; at < escaped.length; at++) {
    if (escaped[at] === '%') {
      bytes.push(Number.parseInt(escaped.slice(at + 1, at + 3), 16))
      at += 2
    } else {
      bytes.push(escaped.charCodeAt(at))
    }
  }
  return Uint8Array.from(bytes)
}

const escapes: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
}

/** Bytes as a quoted string, in the manner of the scenario files. */
export function quoteBytes(bytes: Uint8Array): string {
  let quoted = ''
  for (let at = 0; at < bytes.length;) {
    const length = runeLength(bytes, at)
    const byte = bytes[at] ?? 0
    if (length > 1) quoted += decodeRune(bytes.subarray(at, at + length))
    else if (escapes[byte] !== undefined) quoted += escapes[byte]
    else if (byte < 0x20 || byte >= 0x7f) quoted += `\\x${byte.toString(16).padStart(2, '0')}`
    else quoted += String.fromCharCode(byte)
    at += length
  }
  return `"${quoted}"`
}

/** Length of the valid multi-byte character at `at`; 1 for anything else. */
function runeLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1
  if (length === 1 || at + length > bytes.length) return 1
  try {
    decodeRune(bytes.subarray(at, at + length))
    return length
  } catch {
    return 1
  }
}

function decodeRune(bytes: Uint8Array): string {
  return decodeURIComponent([...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''))
}
