import { nativeChecksum } from '@walrus/adapters-fs'
import {
  BATCH_HEADER_BYTES,
  decodeControlPayload,
  encodeControlPayload,
  EntryReader,
  readWholeBatch,
  writeBatchHeader,
  writeEntry,
  writeU32,
  type ControlRecord,
} from '@walrus/protocol'
import { type Random } from '@walrus/testing'
import { anyBytes, anyName, anyNumber, anyU32, oneOf, someOf } from '../draw.js'
import { expectSame, expectThat } from '../expectation.js'
import { pureTarget } from '../fuzz-target.js'

const PAYLOAD_CRC_AT = 12
const HEADER_CRC_AT = 60

/** Batches as they lie on disk and on the wire. */
export const batches = pureTarget(
  { name: 'batches', about: 'batches: header, entries, control records' },
  {
    example: exampleBatch,
    reseal: (input) => {
      if (input.length < BATCH_HEADER_BYTES) return input
      writeU32(input, PAYLOAD_CRC_AT, nativeChecksum(input.subarray(BATCH_HEADER_BYTES)))
      writeU32(input, HEADER_CRC_AT, nativeChecksum(input.subarray(0, HEADER_CRC_AT)))
      return input
    },
    check: (input) => {
      const batch = readWholeBatch(input, nativeChecksum)
      if (typeof batch === 'string') return expectThat(batch.length > 0, 'a fault says nothing')
      const { header, records } = batch
      const again = new Uint8Array(BATCH_HEADER_BYTES)
      writeBatchHeader(again, 0, header, nativeChecksum)
      expectSame(again, input.subarray(0, BATCH_HEADER_BYTES), 'a header is another one when it is written again')
      if (header.control)
        return expectSame(encodeControlPayload(records), input.slice(BATCH_HEADER_BYTES), 'records differ')
      expectThat(countEntries(input, header.entryCount) === header.entryCount, 'entries are fewer than the header says')
    },
  },
)

/** The records of control batches by themselves, which peers send too. */
export const controlRecords = pureTarget(
  { name: 'control-records', about: 'control records: cursors, producers' },
  {
    example: (random) => encodeControlPayload(someOf(random, 6, () => exampleRecord(random))),
    check: (input) => {
      const records = decodeControlPayload(input)
      if (typeof records === 'string') return
      expectSame(encodeControlPayload(records), input, 'records are others when they are written again')
    },
  },
)

function countEntries(batch: Uint8Array, entryCount: number): number {
  const reader = new EntryReader(batch, BATCH_HEADER_BYTES, batch.length, entryCount)
  let count = 0
  while (reader.next()) count += 1
  return count
}

function exampleBatch(random: Random): Uint8Array {
  const control = random() < 0.3
  const entries = control ? [] : [anyBytes(random, 30), ...someOf(random, 4, () => anyBytes(random, 30))]
  const payload = control ? encodeControlPayload(someOf(random, 4, () => exampleRecord(random))) : payloadOf(entries)
  const batch = new Uint8Array(BATCH_HEADER_BYTES + payload.length)
  batch.set(payload, BATCH_HEADER_BYTES)
  const header = {
    control,
    compressed: false,
    payloadBytes: payload.length,
    entryCount: entries.length,
    payloadCrc: nativeChecksum(payload),
    firstIndex: anyU32(random),
    timestampMs: anyU32(random),
    producerId: anyNumber(random),
    producerSequence: anyU32(random),
    epoch: anyU32(random),
  }
  writeBatchHeader(batch, 0, header, nativeChecksum)
  return batch
}

function payloadOf(entries: readonly Uint8Array[]): Uint8Array {
  const payload = new Uint8Array(entries.reduce((sum, entry) => sum + 4 + entry.length, 0))
  entries.reduce((at, entry) => writeEntry(payload, at, entry), 0)
  return payload
}

function exampleRecord(random: Random): ControlRecord {
  return oneOf<ControlRecord>(random, [
    { kind: 'cursor', name: anyName(random), offset: anyNumber(random) },
    { kind: 'producer', id: anyNumber(random), lastSequence: anyNumber(random) },
    { kind: 'snapshot' },
  ])
}
