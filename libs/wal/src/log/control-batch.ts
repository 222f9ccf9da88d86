import { WalrusError, type Checksum, type TopicState } from '@walrus/core'
import {
  BATCH_HEADER_BYTES,
  encodeControlPayload,
  fitsU64,
  writeBatchHeader,
  type ControlRecord,
} from '@walrus/protocol'
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

/** Throws `INVALID_ARGUMENT` for a cursor that no record can hold: in the middle of a commit it would fail everybody's. */
export function checkCursor(name: string, offset: number): void {
  const nameFits = name.length >= 1 && name.length <= NAME_LENGTH_MAX && !BEYOND_LATIN_1.test(name)
  if (nameFits && fitsU64(offset)) return
  const reason = nameFits ? 'not a whole number from 0' : `a name is 1 to ${NAME_LENGTH_MAX} characters of Latin-1`
  throw new WalrusError('INVALID_ARGUMENT', `Cannot commit cursor ${JSON.stringify(name)} at ${offset}: ${reason}`)
}

const NAME_LENGTH_MAX = 255
const BEYOND_LATIN_1 = /[\u0100-\uffff]/

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
