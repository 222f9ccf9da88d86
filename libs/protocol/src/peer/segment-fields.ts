import type { SegmentKey, TopicState } from '@walrus/core'
import { decodeControlPayload, encodeControlPayload, type ControlRecord } from '../batch/control.js'
import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'

/*
 * Fields that several requests about copies of a segment have (spec/peer-format.md).
 *
 *   segment   ┌────────────────┬──────────────┬─────────────┐
 *             │ topicLength u8 │ topic, UTF-8 │ segment u64 │
 *             └────────────────┴──────────────┴─────────────┘
 *   state     ┌────────────────┬──────────────────────────────────────────┐
 *             │ stateBytes u32 │ stateBytes bytes, as in a control batch  │
 *             └────────────────┴──────────────────────────────────────────┘
 *   batches   ┌───────────┬───────────────────────────────────────────────┐
 *             │ count u32 │ count × (batchBytes u32, batchBytes bytes)    │
 *             └───────────┴───────────────────────────────────────────────┘
 */

export function writeSegmentKey({ topic, segment }: SegmentKey, output: ByteWriter): void {
  output.shortText(topic)
  output.u64(segment)
}

export function readSegmentKey(input: ByteReader): SegmentKey {
  const topic = input.text(input.u8())
  return { topic, segment: input.id() }
}

/** Every cursor and every producer, in the words of a control batch. */
export function writeTopicState(state: TopicState, output: ByteWriter): void {
  const records: ControlRecord[] = []
  for (const [name, offset] of state.cursors) records.push({ kind: 'cursor', name, offset })
  for (const [id, lastSequence] of state.producers) records.push({ kind: 'producer', id, lastSequence })
  const bytes = encodeControlPayload(records)
  output.u32(bytes.length)
  output.bytes(bytes)
}

export function readTopicState(input: ByteReader): TopicState {
  const cursors = new Map<string, number>()
  const producers = new Map<number, number>()
  const records = decodeControlPayload(input.bytes(input.u32()))
  if (typeof records === 'string') input.fail('range')
  else {
    for (const record of records) {
      if (record.kind === 'cursor') cursors.set(record.name, record.offset)
      else if (record.kind === 'producer') producers.set(record.id, record.lastSequence)
      else input.fail('range')
    }
  }
  return { cursors, producers }
}

export function writeBatches(batches: readonly Uint8Array[], output: ByteWriter): void {
  output.u32(batches.length)
  for (const batch of batches) {
    output.u32(batch.length)
    output.bytes(batch)
  }
}

/** Views; that each is a batch is for whoever stores it to check. */
export function readBatches(input: ByteReader): readonly Uint8Array[] {
  const batches: Uint8Array[] = []
  for (let left = input.count(U32_BYTES); left > 0 && input.fault === undefined; left -= 1) {
    batches.push(input.bytes(input.u32()))
  }
  return batches
}

const U32_BYTES = 4
