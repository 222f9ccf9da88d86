import type { Checksum } from '@walrus/core'
import { BATCH_HEADER_BYTES, checkBatchPayload, readBatchHeader, readU32, type BatchHeader } from '@walrus/protocol'
import type { Generation } from '../format/block-slot.js'
import { FRAME_BYTES, readFrame, type Frame } from '../format/frame.js'
import type { StoreFile } from '../blocks/store-file.js'

/*
 * A run (spec/disk-format.md):
 *
 *    0
 *    ├────────┼──────────────────┼────────┼──────────────────┼──────┼────────────────────────────────────┤
 *    │ frame  │ batch            │ frame  │ batch            │ …    │ nothing, or what a crash has left  │
 *    └────────┴──────────────────┴────────┴──────────────────┴──────┴────────────────────────────────────┘
 */

/** Where to scan. */
export interface ScanRange {
  readonly file: StoreFile
  readonly generation: Generation
  /** Where the run starts in its file. */
  readonly startPosition: number
  /** Position in the run of the first frame to read. */
  readonly from: number
  /** Position in the run behind the last byte to read. */
  readonly to: number
  /** How much is read at once; a larger batch is read whole. */
  readonly chunkBytes: number
}

/** A batch that was found whole. `bytes[payloadStart, payloadEnd)` is its payload. */
export interface ScannedBatch {
  readonly kind: 'batch'
  /** Position in the run of the batch's frame. */
  readonly position: number
  readonly frame: Frame
  readonly header: BatchHeader
  readonly bytes: Uint8Array
  readonly payloadStart: number
  readonly payloadEnd: number
}

/** end: the range is used up. */
export type Scanned = ScannedBatch | { readonly kind: 'end' } | ScanFault

/** What stands at `position` is not a whole batch of this run. */
export interface ScanFault {
  readonly kind: 'fault'
  readonly position: number
  readonly reason: string
  /** True when a batch of this run was written there. */
  readonly begun: boolean
  /** The header of the batch, where that is whole. */
  readonly header?: BatchHeader
}

const END = { kind: 'end' } as const

/** Reads the batches of a run one after the other, verifying each. Batches of one chunk come without waiting. */
export class BatchScanner {
  #range: ScanRange
  readonly #checksum: Checksum
  #chunk: Uint8Array = new Uint8Array(0)
  /** Position in the run of the chunk's first byte. */
  #chunkStart: number
  #position: number

  constructor(range: ScanRange, checksum: Checksum) {
    this.#range = range
    this.#checksum = checksum
    this.#chunkStart = range.from
    this.#position = range.from
  }

  /** Position in the run of the next frame. */
  get position(): number {
    return this.#position
  }

  /** Extends the range to `to`, and reads twice as much at once from now on, at most `chunkBytesMax`. */
  goOn(to: number, chunkBytesMax: number): void {
    const chunkBytes = Math.min(chunkBytesMax, 2 * this.#range.chunkBytes)
    this.#range = { ...this.#range, to, chunkBytes }
  }

  /** The next batch if its bytes are in memory; undefined asks for `fill`. */
  nextBuffered(): Scanned | undefined {
    if (this.#position >= this.#range.to) return END
    const at = this.#position - this.#chunkStart
    if (this.#available(at) < FRAME_BYTES) return this.#missing(FRAME_BYTES)
    const frame = this.#frameAt(at)
    if (!frame) return this.#noFrame(at)
    if (this.#available(at) < FRAME_BYTES + frame.batchBytes) return this.#missing(FRAME_BYTES + frame.batchBytes)
    return this.#batchAt(at, frame)
  }

  /** Reads on so that `nextBuffered` has what it asked for. */
  async fill(): Promise<void> {
    const { to, chunkBytes, file, startPosition } = this.#range
    const length = Math.min(Math.max(this.#wantedBytes(), chunkBytes), to - this.#position)
    this.#chunk = await file.read(startPosition + this.#position, length)
    this.#chunkStart = this.#position
  }

  async next(): Promise<Scanned> {
    for (;;) {
      const scanned = this.nextBuffered()
      if (scanned) return scanned
      await this.fill()
    }
  }

  #batchAt(at: number, frame: Frame): Scanned {
    const headerAt = at + FRAME_BYTES
    const header = readBatchHeader(this.#chunk, headerAt, this.#checksum)
    if (typeof header === 'string') return this.#fault(`batch header: ${header}`)
    if (header.payloadBytes + BATCH_HEADER_BYTES !== frame.batchBytes) return this.#fault('batch length')
    if (!checkBatchPayload(this.#chunk, headerAt, header, this.#checksum))
      return this.#fault('payload checksum', header)
    const payloadStart = headerAt + BATCH_HEADER_BYTES
    const payloadEnd = payloadStart + header.payloadBytes
    const position = this.#position
    this.#position += FRAME_BYTES + frame.batchBytes
    return { kind: 'batch', position, frame, header, bytes: this.#chunk, payloadStart, payloadEnd }
  }

  #available(at: number): number {
    return this.#chunk.length - at
  }

  /** A batch that would reach beyond the range is none: its length must not be believed, nor allocated. */
  #missing(bytes: number): Scanned | undefined {
    if (this.#position + bytes <= this.#range.to) return undefined
    return { ...this.#fault('batch beyond the end'), begun: bytes > FRAME_BYTES }
  }

  /** As much as the frame in the chunk announces, if there is one. */
  #wantedBytes(): number {
    const at = this.#position - this.#chunkStart
    if (this.#available(at) < FRAME_BYTES) return FRAME_BYTES
    return FRAME_BYTES + (this.#frameAt(at)?.batchBytes ?? 0)
  }

  #frameAt(at: number): Frame | undefined {
    const { generation, file } = this.#range
    return readFrame(this.#chunk, at, { generation, position: this.#position }, file.fileId, this.#checksum)
  }

  #noFrame(at: number): ScanFault {
    const { openCount, sequence } = this.#range.generation
    const begun = readU32(this.#chunk, at) === openCount && readU32(this.#chunk, at + 4) === sequence
    return { ...this.#fault(begun ? 'frame checksum' : 'no batch of this run'), begun }
  }

  #fault(reason: string, header?: BatchHeader): ScanFault {
    return { kind: 'fault', position: this.#position, reason, begun: true, ...(header && { header }) }
  }
}
