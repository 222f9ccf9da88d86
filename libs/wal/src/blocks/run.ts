import type { Generation } from '../format/block-slot.js'
import type { LogPoint } from './log-point.js'
import type { StoreFile } from './store-file.js'
import { SparseIndex } from './sparse-index.js'

const BYTES_PER_MARK = 64 * 1024

/** Where a run lies. */
export interface RunPlace {
  readonly file: StoreFile
  readonly firstBlock: number
  readonly blockCount: number
  readonly generation: Generation
}

/** A contiguous run of blocks that belongs to one segment, and how far it is filled. */
export class Run implements RunPlace {
  readonly file: StoreFile
  readonly firstBlock: number
  readonly blockCount: number
  readonly generation: Generation
  /** Where the run starts in its file. */
  readonly startPosition: number
  readonly capacityBytes: number
  readonly index = new SparseIndex(BYTES_PER_MARK)
  /** Bytes of committed frames. Invariant: durableBytes ≤ committedBytes ≤ plannedBytes ≤ capacityBytes. */
  committedBytes = 0
  /** Bytes of frames including those whose commit is under way. */
  plannedBytes = 0
  durableBytes = 0
  /** Bytes from the start that were written in this process, zeros included. */
  writtenBytes = 0
  /** Index after the last committed entry. Invariant: ≥ firstIndex. */
  endIndex: number
  /** Index in the segment of the run's first entry. */
  readonly firstIndex: number
  /** Records of the segment before the run. */
  readonly firstPosition: number
  /** Records up to the last committed one. Invariant: ≥ firstPosition. */
  endPosition: number
  /** What the slot says: what stood in the segment behind the first position was given up. */
  cuts = false
  lastTimestampMs = 0
  /** What the slot says: all of the topic that stands before the run was durable when the slot was written. */
  followsDurable = true
  /** What the slot says: nothing was ever written behind the known bytes. */
  clean = false
  /** The slot on disk still says "clean": that must be taken back, durably, before a frame is added. */
  mustSoil = false
  /** No frame is added any more. */
  closed = false
  /** What the slot on disk says is at most one of these behind. */
  slotState: 'open' | 'closed' | 'sealed' = 'open'
  /** False for a run that was found closed: its index is built when it is first read. */
  indexed = true

  constructor(
    place: RunPlace,
    /** Position of the run within the segment, ascending, not always without gaps. */
    readonly number: number,
    first: LogPoint,
  ) {
    this.file = place.file
    this.firstBlock = place.firstBlock
    this.blockCount = place.blockCount
    this.generation = place.generation
    this.startPosition = place.file.positionOf(place.firstBlock)
    this.capacityBytes = place.blockCount * place.file.geometry.blockBytes
    this.firstIndex = this.endIndex = first.index
    this.firstPosition = this.endPosition = first.position
  }

  /** Where its first record is. */
  get first(): LogPoint {
    return { index: this.firstIndex, position: this.firstPosition }
  }

  /** Behind its last committed record. */
  get end(): LogPoint {
    return { index: this.endIndex, position: this.endPosition }
  }

  hasRoomFor(bytes: number): boolean {
    return !this.closed && this.file.writable && this.plannedBytes + bytes <= this.capacityBytes
  }
}
