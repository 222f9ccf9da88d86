import { textOf, bytesOf } from '../harness.test.js'
import type { Walrus } from '../walrus.js'

export const KIBIBYTE = 1024
export const MEBIBYTE = KIBIBYTE * KIBIBYTE

/** Whole numbers as texts. */
export function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, nth) => String(from + nth))
}

export function entriesOf(texts: readonly string[]): Uint8Array[] {
  return texts.map(bytesOf)
}

/** Bytes that differ from one seed to another, and repeat for the same. */
export function noise(sizeBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let state = Math.imul(seed + 1, 0x9e3779b1)
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** Appends all at once; they get their offsets in the order given. */
export async function appendTexts(walrus: Walrus, topic: string, texts: readonly string[]): Promise<number[]> {
  return Promise.all(texts.map((text) => walrus.append(topic, bytesOf(text))))
}

/** What the shared cursor delivers, one entry for each call, up to so many or to the end. */
export async function readNextTexts(walrus: Walrus, topic: string, count = Infinity): Promise<string[]> {
  const texts: string[] = []
  while (texts.length < count) {
    const text = textOf(await walrus.readNext(topic))
    if (text === undefined) break
    texts.push(text)
  }
  return texts
}

/** What batch reads through the shared cursor deliver until the end, call by call. */
export async function readBatches(walrus: Walrus, topic: string, maxBytes = MEBIBYTE): Promise<string[][]> {
  const batches: string[][] = []
  for (;;) {
    const entries = await walrus.readBatch(topic, { maxBytes })
    if (entries.length === 0) return batches
    batches.push(entries.map(({ data }) => Buffer.from(data).toString()))
  }
}
