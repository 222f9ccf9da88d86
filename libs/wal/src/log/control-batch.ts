import type { Checksum, TopicState } from '@walrus/core'
import { BATCH_HEADER_BYTES, encodeControlPayload, writeBatchHeader, type ControlRecord } from '@walrus/protocol'
import { FRAME_BYTES } from '../format/frame.js'

/** What the header of a control batch needs to know of the log. */
export interface ControlContext {
  readonly nextIndex: number
  readonly timestampMs: number
  readonly epoch: number
}

/** A control batch as it goes to disk; its first FRAME_BYTES are left for the frame. */
export function encodeControlBatch(
  records: readonly ControlRecord[],
  context: ControlContext,
  checksum: Checksum,
): Uint8Array {
  const payload = encodeControlPayload(records)
  const bytes = new Uint8Array(FRAME_BYTES + BATCH_HEADER_BYTES + payload.length)
  bytes.set(payload, FRAME_BYTES + BATCH_HEADER_BYTES)
  const header = {
    control: true,
    compressed: false,
    payloadBytes: payload.length,
    entryCount: 0,
    payloadCrc: checksum(payload),
    firstIndex: context.nextIndex,
    timestampMs: context.timestampMs,
    producerId: 0,
    producerSequence: 0,
    epoch: context.epoch,
  }
  writeBatchHeader(bytes, FRAME_BYTES, header, checksum)
  return bytes
}

/** The records that rebuild the whole state, whatever came before them. */
export function snapshotRecords(state: TopicState): ControlRecord[] {
  return [{ kind: 'snapshot' }, ...cursorRecords(state.cursors), ...producerRecords(state.producers)]
}

export function cursorRecords(cursors: ReadonlyMap<string, number>): ControlRecord[] {
  return [...cursors].map(([name, offset]) => ({ kind: 'cursor', name, offset }))
}

function producerRecords(producers: ReadonlyMap<number, number>): ControlRecord[] {
  return [...producers].map(([id, lastSequence]) => ({ kind: 'producer', id, lastSequence }))
}
