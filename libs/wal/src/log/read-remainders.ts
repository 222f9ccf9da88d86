import type { Run } from '../blocks/run.js'
import type { BatchScanner, ScannedBatch } from './batch-scanner.js'

/** What a read that reached its limit still has in hand: the next one goes on there, and neither searches nor reads again. */
export interface Remainder {
  readonly run: Run
  /** Index of the first entry that was not delivered. */
  readonly nextIndex: number
  readonly scanner: BatchScanner
  /** The batch in which that entry stands. */
  readonly batch: ScannedBatch
}

/** With chunks of at most 1 MiB kept, this bounds the memory: a segment that nobody goes on reading gives way to others. */
const KEPT_MAX = 16

/** The remainders of the latest reads of one storage, at most one a reader. */
export class ReadRemainders {
  readonly #byReader = new Map<object, Remainder>()

  keep(reader: object, remainder: Remainder): void {
    this.#byReader.delete(reader)
    this.#byReader.set(reader, remainder)
    if (this.#byReader.size <= KEPT_MAX) return
    for (const oldest of this.#byReader.keys()) return void this.#byReader.delete(oldest)
  }

  /** Hands the remainder over: two reads must not go on with one scanner. */
  take(reader: object): Remainder | undefined {
    const remainder = this.#byReader.get(reader)
    this.#byReader.delete(reader)
    return remainder
  }
}
