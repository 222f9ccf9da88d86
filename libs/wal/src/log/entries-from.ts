import type { ReadLimits, StoredEntry } from '@walrus/core'
import { EntryReader } from '@walrus/protocol'
import type { ScannedBatch } from './batch-scanner.js'

/** Collects entries while the limits hold; the first entry is always taken. */
export class EntryCollector {
  readonly entries: StoredEntry[] = []
  readonly #limits: ReadLimits
  readonly #baseOffset: number
  #bytes = 0
  /** Index in the segment of the entry to take next. */
  nextIndex: number

  constructor(fromIndex: number, baseOffset: number, limits: ReadLimits) {
    this.nextIndex = fromIndex
    this.#baseOffset = baseOffset
    this.#limits = limits
  }

  /** Takes the batch's entries from `nextIndex` on; false when a limit is reached. Throws on a payload that is no list of entries. */
  take(batch: ScannedBatch): boolean {
    const { header } = batch
    if (header.control) return true
    const reader = new EntryReader(batch.bytes, batch.payloadStart, batch.payloadEnd, header.entryCount)
    for (let index = header.firstIndex; reader.next(); index++) {
      if (index < this.nextIndex) continue
      if (!this.#fits(reader.end - reader.start)) return false
      const data = batch.bytes.subarray(reader.start, reader.end)
      this.entries.push({ offset: this.#baseOffset + index, timestampMs: header.timestampMs, data })
      this.nextIndex = index + 1
    }
    if (reader.fault !== undefined) throw new Error(`payload is no list of entries: ${reader.fault}`)
    if (this.entries.length === 0) return true
    return this.entries.length < this.#limits.maxEntries && this.#bytes < this.#limits.maxBytes
  }

  #fits(bytes: number): boolean {
    const fits = this.entries.length < this.#limits.maxEntries && this.#bytes + bytes <= this.#limits.maxBytes
    if (!fits && this.entries.length > 0) return false
    this.#bytes += bytes
    return true
  }
}
