import { WalrusError, type Checksum, type EncodedBatch } from '@walrus/core'
import { BATCH_HEADER_BYTES } from '@walrus/protocol'
import type { BatchMark } from '../blocks/sparse-index.js'
import type { Run } from '../blocks/run.js'
import { noBatchAt } from './append-checks.js'
import { recordsIn } from './batch-records.js'
import type { ScanFault, ScannedBatch } from './batch-scanner.js'
import { indexRun, scannerOf } from './run-index.js'
import type { RunOwner } from './run-reader.js'

const CHUNK_BYTES_MIN = 64 * 1024
const CHUNK_BYTES_MAX = 1024 * 1024

/** What to read. */
export interface BatchRange {
  readonly fromPosition: number
  /** The log's position behind what is committed. */
  readonly end: number
  /** Of batches, without what frames them; the first is read whatever its size. */
  readonly maxBytes: number
}

/** Reads committed batches, as they stand, out of the runs of one segment. */
export class BatchReader {
  readonly #owner: RunOwner
  readonly #checksum: Checksum
  /** Where a read stopped, so that the next one starts there without searching. */
  #last: { readonly run: Run; readonly mark: BatchMark } | undefined

  constructor(owner: RunOwner, checksum: Checksum) {
    this.#owner = owner
    this.#checksum = checksum
  }

  /**
   * Ends before damage where there is something to return first: the next read meets it.
   * @param runs the segment's runs, ascending
   */
  async read(runs: readonly Run[], range: BatchRange): Promise<readonly EncodedBatch[]> {
    if (!(range.fromPosition >= 0 && range.fromPosition <= range.end)) throw noBatchAt(this.#owner, range.fromPosition)
    const found = new FoundBatches(this.#owner, range)
    for (let at = runIndexOf(runs, range.fromPosition); at < runs.length && found.wantsMore; at++) {
      const run = runs[at]
      if (!run || run.firstPosition > found.next) break
      await this.#readRun(run, found, range)
    }
    return found.batches
  }

  async #readRun(run: Run, found: FoundBatches, { maxBytes }: BatchRange): Promise<void> {
    const mark = await this.#markIn(run, found.next)
    const chunkBytes = Math.max(CHUNK_BYTES_MIN, Math.min(CHUNK_BYTES_MAX, maxBytes))
    const scanner = scannerOf(run, mark.byte, chunkBytes, this.#checksum)
    let { position } = mark
    for (;;) {
      const scanned = await scanner.next()
      if (scanned.kind === 'end') return
      if (scanned.kind === 'fault') {
        if (found.batches.length > 0) return found.stop()
        throw this.#corrupt(run, scanned, position)
      }
      if (!found.take(scanned, position)) {
        this.#last = { run, mark: { index: scanned.header.firstIndex, position, byte: scanned.position } }
        return
      }
      position += recordsIn(scanned)
    }
  }

  async #markIn(run: Run, position: number): Promise<BatchMark> {
    if (this.#last?.run === run && this.#last.mark.position === position) return this.#last.mark
    if (!run.indexed && position > run.firstPosition) await indexRun(run, this.#checksum)
    return run.index.lastUpTo('position', position) ?? { ...run.first, byte: 0 }
  }

  #corrupt(run: Run, fault: ScanFault, position: number): WalrusError {
    const { topic, segment } = this.#owner
    const place = `file ${run.file.name} at byte ${run.startPosition + fault.position}`
    const what = `Cannot read position ${position} of topic "${topic}" segment ${segment} (${place})`
    return new WalrusError('CORRUPT_DATA', `${what}: ${fault.reason}`)
  }
}

/** The batches of one read, in their order. */
class FoundBatches {
  readonly batches: EncodedBatch[] = []
  readonly #owner: RunOwner
  readonly #range: BatchRange
  #bytes = 0
  #stopped = false
  /** Position of the batch that is looked for. */
  next: number

  constructor(owner: RunOwner, range: BatchRange) {
    this.#owner = owner
    this.#range = range
    this.next = range.fromPosition
  }

  get wantsMore(): boolean {
    return !this.#stopped && this.next < this.#range.end
  }

  stop(): void {
    this.#stopped = true
  }

  /** False when there is enough, and the batch is not taken. */
  take(batch: ScannedBatch, position: number): boolean {
    const recordCount = recordsIn(batch)
    if (position + recordCount <= this.next) return true
    if (position !== this.next) throw noBatchAt(this.#owner, this.next)
    const { bytes, payloadStart, payloadEnd, header } = batch
    const view = bytes.subarray(payloadStart - BATCH_HEADER_BYTES, payloadEnd)
    this.#bytes += view.length
    const isEnough = this.batches.length > 0 && this.#bytes > this.#range.maxBytes
    if (isEnough || !this.wantsMore) {
      this.stop()
      return false
    }
    this.batches.push({ position, entryCount: header.entryCount, firstIndex: header.firstIndex, bytes: view })
    this.next += recordCount
    return true
  }
}

/** The last run that starts at or before the position: earlier ones with the same start hold no records. */
function runIndexOf(runs: readonly Run[], position: number): number {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((runs[middle]?.firstPosition ?? Infinity) <= position) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}
