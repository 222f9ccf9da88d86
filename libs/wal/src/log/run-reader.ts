import { reasonOf, WalrusError, type Checksum, type ReadLimits } from '@walrus/core'
import type { Run } from '../blocks/run.js'
import type { Scanned, ScannedBatch } from './batch-scanner.js'
import { EntryCollector } from './entries-from.js'
import { indexRun, scannerOf } from './run-index.js'

const CHUNK_BYTES_MIN = 16 * 1024
const CHUNK_BYTES_MAX = 1024 * 1024
const FRAMING_PER_CHUNK_BYTES = 4096

/** Whose runs are read, for error messages and offsets. */
export interface RunOwner {
  readonly topic: string
  readonly segment: number
  readonly baseOffset: number
}

/** Where a read stopped, so that the next one starts there without searching. */
export interface ReadPosition {
  readonly run: Run
  readonly position: number
  readonly nextIndex: number
}

/** Reads committed entries out of the runs of one segment. */
export class RunReader {
  readonly #owner: RunOwner
  readonly #checksum: Checksum
  #last: ReadPosition | undefined

  constructor(owner: RunOwner, checksum: Checksum) {
    this.#owner = owner
    this.#checksum = checksum
  }

  /**
   * Ends before damage where there is something to return first: the next read meets it. Ends, too, where a run is
   * reached whose entries do not follow: while this read was on its way, more was committed on both sides.
   * @param runs the segment's runs, ascending; the entry at `fromIndex` is committed
   */
  async read(runs: readonly Run[], fromIndex: number, limits: ReadLimits): Promise<EntryCollector['entries']> {
    const collector = new EntryCollector(fromIndex, this.#owner.baseOffset, limits)
    for (let at = runIndexOf(runs, fromIndex); at < runs.length; at++) {
      const run = runs[at]
      if (!run || run.firstIndex > collector.nextIndex) break
      if (!(await this.#readRun(run, collector, limits))) break
    }
    return collector.entries
  }

  /** Index of the first entry whose batch was opened at that time or later. */
  async indexAtTime(runs: readonly Run[], timestampMs: number): Promise<number | undefined> {
    for (const run of runs) {
      if (run.lastTimestampMs < timestampMs) continue
      const index = await this.#indexAtTimeIn(run, timestampMs)
      if (index !== undefined) return index
    }
    return undefined
  }

  async #indexAtTimeIn(run: Run, timestampMs: number): Promise<number | undefined> {
    const scanner = scannerOf(run, 0, CHUNK_BYTES_MAX, this.#checksum)
    for (;;) {
      const scanned = await scanner.next()
      if (scanned.kind === 'end') return undefined
      if (scanned.kind === 'fault') throw this.#corrupt(run, scanned, run.firstIndex)
      if (!scanned.header.control && scanned.header.timestampMs >= timestampMs) return scanned.header.firstIndex
    }
  }

  /** False when a limit is reached. */
  async #readRun(run: Run, collector: EntryCollector, limits: ReadLimits): Promise<boolean> {
    const from = await this.#startIn(run, collector.nextIndex)
    const scanner = scannerOf(run, from, chunkBytes(limits), this.#checksum)
    for (;;) {
      const scanned = scanner.nextBuffered()
      if (!scanned) await scanner.fill()
      else if (scanned.kind === 'end') return true
      else if (scanned.kind === 'fault' && collector.entries.length > 0) return false
      else if (scanned.kind === 'fault') throw this.#corrupt(run, scanned, collector.nextIndex)
      else if (!this.#take(run, scanned, collector)) return false
    }
  }

  #take(run: Run, batch: ScannedBatch, collector: EntryCollector): boolean {
    try {
      const wantsMore = collector.take(batch)
      if (!wantsMore) this.#last = { run, position: batch.position, nextIndex: collector.nextIndex }
      return wantsMore
    } catch (error) {
      throw this.#corrupt(run, { position: batch.position, reason: reasonOf(error) }, collector.nextIndex)
    }
  }

  async #startIn(run: Run, index: number): Promise<number> {
    if (this.#last?.run === run && this.#last.nextIndex === index) return this.#last.position
    if (index === run.firstIndex) return 0
    if (!run.indexed) await indexRun(run, this.#checksum)
    return run.index.lastUpTo('index', index)?.byte ?? 0
  }

  #corrupt(
    run: Run,
    fault: Pick<Extract<Scanned, { kind: 'fault' }>, 'position' | 'reason'>,
    index: number,
  ): WalrusError {
    const { topic, segment, baseOffset } = this.#owner
    const place = `file ${run.file.name} at byte ${run.startPosition + fault.position}`
    return new WalrusError(
      'CORRUPT_DATA',
      `Cannot read offset ${baseOffset + index} of topic "${topic}" segment ${segment} (${place}): ${fault.reason}`,
    )
  }
}

/** The last run that starts at or before the entry: earlier ones with the same start hold no entries. */
function runIndexOf(runs: readonly Run[], index: number): number {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((runs[middle]?.firstIndex ?? Infinity) <= index) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}

function chunkBytes(limits: ReadLimits): number {
  const wanted = Math.min(limits.maxBytes, limits.maxEntries * CHUNK_BYTES_MIN) + FRAMING_PER_CHUNK_BYTES
  return Math.max(CHUNK_BYTES_MIN, Math.min(CHUNK_BYTES_MAX, wanted))
}
