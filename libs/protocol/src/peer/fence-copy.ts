import type { SegmentCounts, SegmentKey } from '@walrus/core'
import type { ByteReader } from './byte-reader.js'
import { peerBody, type PeerBody } from './peer-body.js'
import { readSegmentKey, writeSegmentKey } from './segment-fields.js'

/*
 * Makes a replica refuse older epochs, and tell how long its copy is (spec/peer-format.md).
 *
 *   fence    ┌─────────┬───────────┐
 *            │ segment │ epoch u64 │
 *            └─────────┴───────────┘
 *   answer   ┌──────────────────┬────────────────┬──────────────────┬────────────┐
 *            │ createdEpoch u64 │ entryCount u64 │ controlCount u64 │ damaged u8 │
 *            └──────────────────┴────────────────┴──────────────────┴────────────┘
 */

/** The segment was fenced with that epoch. */
export interface FenceRequest extends SegmentKey {
  readonly epoch: number
}

/** What the replica has on stable storage; it will take nothing more from an older epoch. */
export interface FenceAnswer extends SegmentCounts {
  /** The epoch under which the copy was created; 0 when there is none, and the counts are 0. */
  readonly createdEpoch: number
  /** The counts are of what stands before damage: what the copy had behind it nobody knows. It takes nothing at all. */
  readonly damaged: boolean
}

export const fenceRequest: PeerBody<FenceRequest> = peerBody({
  write: (request, output) => {
    writeSegmentKey(request, output)
    output.u64(request.epoch)
  },
  read: (input) => ({ ...readSegmentKey(input), epoch: input.u64() }),
})

export const fenceAnswer: PeerBody<FenceAnswer> = peerBody({
  write: ({ createdEpoch, entryCount, controlCount, damaged }, output) => {
    output.u64(createdEpoch)
    output.u64(entryCount)
    output.u64(controlCount)
    output.u8(damaged ? 1 : 0)
  },
  read: (input) => ({
    createdEpoch: input.u64(),
    entryCount: input.u64(),
    controlCount: input.u64(),
    damaged: readDamaged(input),
  }),
})

function readDamaged(input: ByteReader): boolean {
  const damaged = input.u8()
  if (damaged > 1) input.fail('range')
  return damaged === 1
}
