import { decodeControlPayload, EntryReader } from '@walrus/protocol'
import type { ScannedBatch } from '../log/batch-scanner.js'

/** Why the payload of a whole batch is not what its header says; undefined when it is. */
export function contentFault({ header, bytes, payloadStart, payloadEnd }: ScannedBatch): string | undefined {
  if (header.compressed) return undefined
  if (header.control) {
    const records = decodeControlPayload(bytes.subarray(payloadStart, payloadEnd))
    return typeof records === 'string' ? `control records: ${records}` : undefined
  }
  const entries = new EntryReader(bytes, payloadStart, payloadEnd, header.entryCount)
  while (entries.next());
  return entries.fault === undefined ? undefined : `payload is no list of entries: ${entries.fault}`
}
