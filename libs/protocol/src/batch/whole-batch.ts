import type { Checksum } from '@walrus/core'
import { decodeControlPayload, type ControlRecord } from './control.js'
import { EntryReader } from './entries.js'
import { BATCH_HEADER_BYTES, checkBatchPayload, readBatchHeader, type BatchHeader } from './header.js'

/** A batch of which every byte has been checked. */
export interface WholeBatch {
  readonly header: BatchHeader
  /** Of a control batch; empty for entries. */
  readonly records: readonly ControlRecord[]
}

/**
 * The batch that `bytes` are, neither more nor less: both checksums hold, and the payload is the entries or the control records
 * that the header announces. Otherwise why it is none, in words. Never throws, whatever the bytes.
 */
export function readWholeBatch(bytes: Uint8Array, checksum: Checksum): WholeBatch | string {
  const header = readBatchHeader(bytes, 0, checksum)
  if (typeof header === 'string') return `batch header: ${header}`
  if (bytes.length !== BATCH_HEADER_BYTES + header.payloadBytes) return 'batch length'
  if (!checkBatchPayload(bytes, 0, header, checksum)) return 'payload checksum'
  if (header.compressed) return 'it is compressed, which this release does not read'
  return header.control ? wholeControl(bytes, header) : wholeEntries(bytes, header)
}

function wholeControl(bytes: Uint8Array, header: BatchHeader): WholeBatch | string {
  const records = decodeControlPayload(bytes.subarray(BATCH_HEADER_BYTES))
  return typeof records === 'string' ? `control records: ${records}` : { header, records }
}

function wholeEntries(bytes: Uint8Array, header: BatchHeader): WholeBatch | string {
  const reader = new EntryReader(bytes, BATCH_HEADER_BYTES, bytes.length, header.entryCount)
  while (reader.next());
  return reader.fault === undefined ? { header, records: [] } : `entries: ${reader.fault}`
}
