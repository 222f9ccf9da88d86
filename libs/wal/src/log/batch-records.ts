import { decodeControlPayload, startsWithSnapshot, type ControlRecord } from '@walrus/protocol'
import type { ScannedBatch } from './batch-scanner.js'

const NONE: readonly ControlRecord[] = []

/** How many records of the log a batch is: each entry is one, and a control batch, unless it is the state with which a run starts. */
export function recordsIn({ header, bytes, payloadStart, payloadEnd }: ScannedBatch): number {
  if (!header.control) return header.entryCount
  return startsWithSnapshot(bytes, payloadStart, payloadEnd) ? 0 : 1
}

/** What a batch says of the topic's state. Of a control batch that cannot be read: nothing. */
export function stateRecordsOf({ header, bytes, payloadStart, payloadEnd }: ScannedBatch): readonly ControlRecord[] {
  if (!header.control) return producerRecords(header.producerId, header.producerSequence, header.entryCount)
  const records = decodeControlPayload(bytes.subarray(payloadStart, payloadEnd))
  return typeof records === 'string' ? NONE : records
}

/** A batch of entries with a producer says how far the producer has come. */
export function producerRecords(id: number, sequence: number, entryCount: number): readonly ControlRecord[] {
  return id === 0 ? NONE : [{ kind: 'producer', id, lastSequence: sequence + entryCount - 1 }]
}
