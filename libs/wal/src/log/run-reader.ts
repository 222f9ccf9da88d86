import { reasonOf, WalrusError, type Checksum, type ReadLimits } from '@walrus/core'
import type { Run } from '../blocks/run.js'
import type { BatchScanner, Scanned, ScannedBatch } from './batch-scanner.js'
import { EntryCollector } from './entries-from.js'
import { ReadRemainders, type Remainder } from './read-remainders.js'
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
  readonly #remainders: ReadRemainders
  #last: ReadPosition | undefined

  constructor(owner: RunOwner, checksum: Checksum, remainders = new ReadRemainders()) {
    this.#owner = owner
    this.#checksum = checksum
    this.#remainders = remainders
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
    const remainder = this.#resume(run, collector.nextIndex)
    const scanner = remainder?.scanner ?? (await this.#scannerFrom(run, collector.nextIndex, limits))
    let scanned: Scanned | undefined = remainder?.batch
    for (;;) {
      scanned ??= scanner.nextBuffered()
      if (!scanned) await scanner.fill()
      else if (scanned.kind === 'end') return this.#noteEnd(run, scanner, collector)
      else if (scanned.kind === 'fault' && collector.entries.length > 0) return false
      else if (scanned.kind === 'fault') throw this.#corrupt(run, scanned, collector.nextIndex)
      else if (!this.#take(run, scanned, collector)) return this.#noteLimit(run, scanner, scanned, collector)
      scanned = undefined
    }
  }

  /** What the read before left, if it stopped at this entry. A reader that goes on gets more at once, up to a limit. */
  #resume(run: Run, index: number): Remainder | undefined {
    const remainder = this.#remainders.take(this)
    if (remainder?.run !== run || remainder.nextIndex !== index) return undefined
    remainder.scanner.goOn(run.committedBytes, CHUNK_BYTES_MAX)
    return remainder
  }

  async #scannerFrom(run: Run, index: number, limits: ReadLimits): Promise<BatchScanner> {
    return scannerOf(run, await this.#startIn(run, index), chunkBytes(run, limits), this.#checksum)
  }

  #noteEnd(run: Run, scanner: BatchScanner, { nextIndex }: EntryCollector): true {
    this.#last = { run, position: scanner.position, nextIndex }
    return true
  }

  #noteLimit(run: Run, scanner: BatchScanner, batch: ScannedBatch, { nextIndex }: EntryCollector): false {
    this.#last = { run, position: batch.position, nextIndex }
    if (batch.bytes.length <= CHUNK_BYTES_MAX) this.#remainders.keep(this, { run, nextIndex, scanner, batch })
    return false
  }

  #take(run: Run, batch: ScannedBatch, collector: EntryCollector): boolean {
    try {
      return collector.take(batch)
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

/** About as much as the wanted entries take, by the average of the run. */
function chunkBytes(run: Run, limits: ReadLimits): number {
  const entryBytes = Math.max(1, run.committedBytes / Math.max(1, run.endIndex - run.firstIndex))
  const wanted = Math.min(limits.maxBytes, limits.maxEntries * entryBytes) + FRAMING_PER_CHUNK_BYTES
  return Math.max(CHUNK_BYTES_MIN, Math.min(CHUNK_BYTES_MAX, Math.ceil(wanted)))
}
