import type { ConfState, Snapshot } from '@walrus/raft'
import { crc32 } from 'node:zlib'
import { damaged, decodeRecord, encodeBinaryRecord, fieldsOf } from '../record.js'
import type { Root } from './root-record.js'

/*
 * A snapshot as bytes, before it is cut into chunks.
 *
 *   0            4
 *   +------------+---------------------+----------+
 *   | u32 LE     | JSON                | data     |
 *   | JSON bytes | who takes part      |          |
 *   +------------+---------------------+----------+
 *
 * Each chunk is the payload of a record whose number is the snapshot's index. The root has the length and the CRC-32 of all
 * chunks together.
 */
const HEADER_BYTES = 4

/** The chunks of a snapshot, as records, and what the root must say of them. */
export interface EncodedSnapshot extends Pick<Root, SnapshotField> {
  readonly records: readonly Buffer[]
}

export type SnapshotField = 'snapshotIndex' | 'snapshotTerm' | 'snapshotBytes' | 'snapshotChecksum' | 'snapshotChunks'

export function encodeSnapshot({ index, term, confState, data }: Snapshot, chunkBytes: number): EncodedSnapshot {
  const members = Buffer.from(JSON.stringify(confState))
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(members.length)
  const bytes = Buffer.concat([header, members, data])
  const records: Buffer[] = []
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    const chunk = bytes.subarray(from, from + chunkBytes)
    records.push(encodeBinaryRecord(index, chunk.length, (record, at) => void record.set(chunk, at)))
  }
  const checks = { snapshotBytes: bytes.length, snapshotChecksum: crc32(bytes), snapshotChunks: records.length }
  return { records, snapshotIndex: index, snapshotTerm: term, ...checks }
}

/** Throws `CORRUPT_DATA` or `UNSUPPORTED_FORMAT` naming `where`, unless `records` are all chunks that `root` speaks of. */
export function decodeSnapshot(where: string, root: Root, records: readonly Buffer[]): Snapshot {
  const bytes = Buffer.concat(records.map((record, number) => chunkOf(`chunk ${number} of ${where}`, root, record)))
  if (bytes.length !== root.snapshotBytes) {
    throw damaged(where, `it has ${bytes.length} bytes, not ${root.snapshotBytes}`)
  }
  if (crc32(bytes) !== root.snapshotChecksum) throw damaged(where, 'its checksum does not match')
  const membersBytes = bytes.length < HEADER_BYTES ? Number.NaN : bytes.readUInt32LE()
  const dataAt = HEADER_BYTES + membersBytes
  if (!(dataAt <= bytes.length)) throw damaged(where, 'its header is malformed')
  const confState = membersOf(where, bytes.toString('utf8', HEADER_BYTES, dataAt))
  return { index: root.snapshotIndex, term: root.snapshotTerm, confState, data: bytes.subarray(dataAt) }
}

function chunkOf(where: string, { snapshotIndex }: Root, record: Buffer): Buffer {
  const { index, payload } = decodeRecord(where, record)
  if (index !== snapshotIndex) throw damaged(where, `it belongs to the snapshot at ${index}`)
  return payload
}

function membersOf(where: string, text: string): ConfState {
  const members: Partial<Record<keyof ConfState, unknown>> = fieldsOf(`the members in ${where}`, text)
  const ids = (name: keyof ConfState): readonly number[] => {
    const list = members[name]
    if (Array.isArray(list) && list.every((id) => Number.isSafeInteger(id) && id > 0)) return list as readonly number[]
    throw damaged(where, `its list of ${name} is malformed`)
  }
  return {
    voters: ids('voters'),
    votersOutgoing: ids('votersOutgoing'),
    learners: ids('learners'),
    learnersNext: ids('learnersNext'),
    autoLeave: members.autoLeave === true,
  }
}
