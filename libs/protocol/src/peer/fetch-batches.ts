import type { NewSegment, SegmentKey } from '@walrus/core'
import { peerBody, type PeerBody } from './peer-body.js'
import {
  readBatches,
  readSegmentKey,
  readTopicState,
  writeBatches,
  writeSegmentKey,
  writeTopicState,
} from './segment-fields.js'

/*
 * Reads a copy of a segment from the node that has it (spec/peer-format.md).
 *
 *   fetch    ┌─────────┬──────────────┬──────────────┐
 *            │ segment │ position u64 │ maxBytes u32 │
 *            └─────────┴──────────────┴──────────────┘
 *   answer   ┌────────────────┬──────────────────┬───────┬─────────┐
 *            │ baseOffset u64 │ createdEpoch u64 │ state │ batches │
 *            └────────────────┴──────────────────┴───────┴─────────┘
 */

/** Asks for batches from the one at `position` on: at least one, then while `maxBytes` holds. */
export interface FetchBatchesRequest extends SegmentKey {
  readonly position: number
  readonly maxBytes: number
}

/** Batches as they stand in the log, and what a new copy of the segment is created with. No batch: that is the copy's end. */
export interface FetchBatchesAnswer extends Pick<NewSegment, 'baseOffset' | 'topicState'> {
  readonly createdEpoch: number
  readonly batches: readonly Uint8Array[]
}

export const fetchBatchesRequest: PeerBody<FetchBatchesRequest> = peerBody({
  write: (request, output) => {
    writeSegmentKey(request, output)
    output.u64(request.position)
    output.u32(request.maxBytes)
  },
  read: (input) => ({ ...readSegmentKey(input), position: input.u64(), maxBytes: input.u32() }),
})

export const fetchBatchesAnswer: PeerBody<FetchBatchesAnswer> = peerBody({
  write: ({ baseOffset, createdEpoch, topicState, batches }, output) => {
    output.u64(baseOffset)
    output.u64(createdEpoch)
    writeTopicState(topicState, output)
    writeBatches(batches, output)
  },
  read: (input) => ({
    baseOffset: input.u64(),
    createdEpoch: input.u64(),
    topicState: readTopicState(input),
    batches: readBatches(input),
  }),
})
