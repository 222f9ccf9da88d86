import type { NodeId, SegmentCounts, SegmentKey } from '@walrus/core'
import { peerBody, type PeerBody } from './peer-body.js'
import { readSegmentKey, writeSegmentKey } from './segment-fields.js'

/*
 * Makes a node complete its copy of a fenced or sealed segment (spec/peer-format.md).
 *
 *   copy     ┌─────────┬───────────┬────────────┬────────────────┬──────────────────┐
 *            │ segment │ epoch u64 │ source u64 │ entryCount u64 │ controlCount u64 │
 *            └─────────┴───────────┴────────────┴────────────────┴──────────────────┘
 *   answer   ┌──────────────────┐
 *            │ positionEnd u64  │
 *            └──────────────────┘
 */

/** Take what is missing up to the counts from node `source`, while the segment is at that epoch. */
export interface CopySegmentRequest extends SegmentKey, SegmentCounts {
  readonly epoch: number
  readonly source: NodeId
}

/** All records before `positionEnd` are on stable storage. */
export interface CopySegmentAnswer {
  readonly positionEnd: number
}

export const copySegmentRequest: PeerBody<CopySegmentRequest> = peerBody({
  write: (request, output) => {
    writeSegmentKey(request, output)
    output.u64(request.epoch)
    output.u64(request.source)
    output.u64(request.entryCount)
    output.u64(request.controlCount)
  },
  read: (input) => ({
    ...readSegmentKey(input),
    epoch: input.u64(),
    source: input.id(),
    entryCount: input.u64(),
    controlCount: input.u64(),
  }),
})

export const copySegmentAnswer: PeerBody<CopySegmentAnswer> = peerBody({
  write: ({ positionEnd }, output) => output.u64(positionEnd),
  read: (input) => ({ positionEnd: input.u64() }),
})
