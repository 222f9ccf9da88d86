import type { Checksum } from '@walrus/core'
import type { ControlRecord } from '@walrus/protocol'
import type { BatchTicket } from './batch-ticket.js'

/** A batch that waits for its commit. */
export interface WaitingBatch {
  readonly ticket: BatchTicket
  readonly firstIndex: number
  /** 0 for a control batch. */
  readonly entryCount: number
  /** How far it moves the log's position. */
  readonly recordCount: number
  readonly timestampMs: number
  /** Frame, header and payload. */
  readonly totalBytes: number
  /** What it says of the topic's state. */
  readonly stateRecords: readonly ControlRecord[]
  /** What goes to disk; its first FRAME_BYTES are left for the frame. Valid until it is recycled. */
  encode(epoch: number, checksum: Checksum): Uint8Array
  /** The bytes are no longer needed. */
  recycle(): void
}
