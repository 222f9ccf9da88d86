import type { Checksum, Clock } from '@walrus/core'
import type { BlockStore } from '../blocks/block-store.js'
import type { RunGrowth } from '../blocks/run-growth.js'
import type { BufferPool } from '../commit/buffer-pool.js'
import type { CommittingSegment } from '../commit/segment-commit.js'
import type { ReadRemainders } from './read-remainders.js'

/** What all segments of one storage share. */
export interface SegmentContext {
  readonly store: BlockStore
  readonly pool: BufferPool
  readonly clock: Clock
  readonly checksum: Checksum
  readonly growth: RunGrowth
  readonly remainders: ReadRemainders
  /** Appends are gathered into batches of at most this payload, unless one append is larger. */
  readonly batchBytesMax: number
  /** A segment commits about this much at once. */
  readonly commitBytesMax: number
  /** The segment has something to commit. */
  readonly requestCommit: (segment: CommittingSegment) => void
  /** Makes durable whatever is committed. */
  readonly sync: () => Promise<void>
  /** True unless that segment is stored here and holds committed bytes that no sync has covered yet. */
  readonly isDurable: (topic: string, segment: number) => boolean
}
