import type { Message } from '@walrus/raft'
import type { PeerFrameCodec } from './peer-frame-codec.js'
import { readRaftMessage, writeRaftMessage } from './raft-message.js'

/*
 * A snapshot on its way: what it is, its data in order, and what became of it (spec/peer-format.md).
 *
 *   snapshotBegin    ┌────────────────┬────────────────┬──────────────┬───────────────────────┐
 *                    │ transferId u32 │ totalBytes u64 │ checksum u32 │ message, as in a raft │
 *                    └────────────────┴────────────────┴──────────────┴───────────────────────┘
 *   snapshotChunk    ┌────────────────┬─────────────────┬─────────────┐
 *                    │ transferId u32 │ offsetBytes u64 │ bytes, rest │
 *                    └────────────────┴─────────────────┴─────────────┘
 *   snapshotResult   ┌────────────────┬────────────┐
 *                    │ transferId u32 │ outcome u8 │
 *                    └────────────────┴────────────┘
 */

/** Announces a snapshot. Nothing is reserved on its word. */
export interface SnapshotBegin {
  readonly kind: 'snapshotBegin'
  /** Chosen by the sender; no other transfer of the connection has it. */
  readonly transferId: number
  readonly totalBytes: number
  /** Of all data. */
  readonly checksum: number
  /** Of type `Snapshot`. */
  readonly message: Message
}

/** The next piece; its checksum is that of its frame. */
export interface SnapshotChunk {
  readonly kind: 'snapshotChunk'
  readonly transferId: number
  readonly offsetBytes: number
  readonly bytes: Uint8Array
}

/** Why a receiver has not taken a snapshot, or that it has: whole, and with its checksum. */
export type SnapshotOutcome = 'taken' | 'checksum' | 'too-large' | 'busy' | 'disorder'

/** Says once what became of a transfer; the sender need send no more of it. */
export interface SnapshotResult {
  readonly kind: 'snapshotResult'
  readonly transferId: number
  readonly outcome: SnapshotOutcome
}

export const snapshotBegin: PeerFrameCodec<SnapshotBegin> = {
  type: 0x20,
  write: ({ transferId, totalBytes, checksum, message }, output) => {
    output.u32(transferId)
    output.u64(totalBytes)
    output.u32(checksum)
    writeRaftMessage(message, output)
  },
  read: (input) => {
    const transferId = input.u32()
    const totalBytes = input.u64()
    const checksum = input.u32()
    const message = readRaftMessage(input)
    if (message.type !== 'Snapshot') input.fail('range')
    return { kind: 'snapshotBegin', transferId, totalBytes, checksum, message }
  },
}

export const snapshotChunk: PeerFrameCodec<SnapshotChunk> = {
  type: 0x21,
  write: ({ transferId, offsetBytes, bytes }, output) => {
    output.u32(transferId)
    output.u64(offsetBytes)
    output.bytes(bytes)
  },
  read: (input) => ({
    kind: 'snapshotChunk',
    transferId: input.u32(),
    offsetBytes: input.u64(),
    bytes: input.bytes(input.remaining),
  }),
}

export const snapshotResult: PeerFrameCodec<SnapshotResult> = {
  type: 0x22,
  write: ({ transferId, outcome }, output) => {
    output.u32(transferId)
    output.u8(OUTCOMES.indexOf(outcome))
  },
  read: (input) => {
    const transferId = input.u32()
    const outcome = OUTCOMES[input.u8()]
    if (outcome === undefined) input.fail('range')
    return { kind: 'snapshotResult', transferId, outcome: outcome ?? 'disorder' }
  },
}

const OUTCOMES: readonly SnapshotOutcome[] = ['taken', 'checksum', 'too-large', 'busy', 'disorder']
