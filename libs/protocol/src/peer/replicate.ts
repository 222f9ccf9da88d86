import type { SegmentKey, TopicState } from '@walrus/core'
import type { ByteReader } from './byte-reader.js'
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
 * A stretch of a segment's log, from its leader to a replica (spec/peer-format.md).
 *
 *   replicate   ┌─────────┬────────────────┬───────────┬──────────────┬────────────────────┐
 *               │ segment │ baseOffset u64 │ epoch u64 │ position u64 │ committedCount u64 │
 *               ├─────────┴────┬───────────┴─────┬─────┴───┬──────────┴────────────────────┘
 *               │ hasState u8  │ state, if it is │ batches │
 *               └──────────────┴─────────────────┴─────────┘
 *   answer      ┌───────────┬───────────┐
 *               │ result u8 │ value u64 │   1 durable, position · 2 gap, position · 3 stale, epoch
 *               └───────────┴───────────┘
 */

/** Batches of one segment, one behind the other. */
export interface ReplicateRequest extends SegmentKey {
  readonly baseOffset: number
  readonly epoch: number
  /** Where the first batch begins, or would. */
  readonly position: number
  /** Entries of the segment that are committed, as far as the leader knows: readers may see them. */
  readonly committedCount: number
  /** What the segment began with; undefined unless `position` is 0. */
  readonly startState: TopicState | undefined
  /** Header and payload each, unchanged since the leader has written them. */
  readonly batches: readonly Uint8Array[]
}

/** What a replica made of a stretch. */
export interface ReplicateAnswer {
  /**
   * `durable`: all records before `value` are on stable storage. `gap`: nothing was taken, the copy ends at position `value`.
   * `stale`: nothing was taken, and nothing will be, because the replica has seen epoch `value`.
   */
  readonly result: 'durable' | 'gap' | 'stale'
  readonly value: number
}

export const replicateRequest: PeerBody<ReplicateRequest> = peerBody({
  write: (request, output) => {
    writeSegmentKey(request, output)
    output.u64(request.baseOffset)
    output.u64(request.epoch)
    output.u64(request.position)
    output.u64(request.committedCount)
    output.u8(request.startState === undefined ? 0 : 1)
    if (request.startState !== undefined) writeTopicState(request.startState, output)
    writeBatches(request.batches, output)
  },
  read: (input) => ({
    ...readSegmentKey(input),
    baseOffset: input.u64(),
    epoch: input.u64(),
    position: input.u64(),
    committedCount: input.u64(),
    startState: readOptionalState(input),
    batches: readBatches(input),
  }),
})

export const replicateAnswer: PeerBody<ReplicateAnswer> = peerBody({
  write: ({ result, value }, output) => {
    output.u8(RESULTS.indexOf(result) + 1)
    output.u64(value)
  },
  read: (input) => {
    const result = RESULTS[input.u8() - 1]
    if (result === undefined) input.fail('range')
    return { result: result ?? 'stale', value: input.u64() }
  },
})

function readOptionalState(input: ByteReader): TopicState | undefined {
  const hasState = input.u8()
  if (hasState > 1) input.fail('range')
  return hasState === 1 ? readTopicState(input) : undefined
}

const RESULTS = ['durable', 'gap', 'stale'] as const
