import type { StoredEntry } from '@walrus/core'

/** `17  2026-01-01T00:00:00.000Z  5  hello`; what would not print as it is stands in hex behind `hex:`. */
export function entryLine({ offset, timestampMs, data }: StoredEntry): string {
  const text = textOf(data)
  const words = text !== undefined && PRINTABLE.test(text) ? text : `hex:${Buffer.from(data).toString('hex')}`
  return `${offset}  ${timeText(timestampMs)}  ${data.length}  ${words}`
}

/** One object: the entry as `text` where it is UTF-8, else as `base64`. */
export function entryJson({ offset, timestampMs, data }: StoredEntry): string {
  const text = textOf(data)
  const content = text === undefined ? { base64: Buffer.from(data).toString('base64') } : { text }
  return JSON.stringify({ offset, timestampMs, bytes: data.length, ...content })
}

/** ISO 8601 in UTC; the number itself where it is no time. */
export function timeText(timestampMs: number): string {
  return timestampMs <= TIME_MS_MAX ? new Date(timestampMs).toISOString() : String(timestampMs)
}

const TIME_MS_MAX = 8.64e15
/** Text that says nothing to a terminal and reads as it is: no control or invisible character, nothing that looks like our hex. */
const PRINTABLE = /^(?!hex:)(?:[^\p{C}\p{Zl}\p{Zp}])*$/u
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(data: Uint8Array): string | undefined {
  try {
    return UTF8.decode(data)
  } catch {
    return undefined
  }
}
