import { damaged, decodeRecord, encodeBinaryRecord, numberAt } from '../record.js'

/**
 * What the rest of the database must be. It is written again in every write, so the newest one tells whether any write
 * before it was lost: LevelDB drops damaged parts of its own log in silence.
 */
export interface Root {
  /** Number of the write, from 1. */
  readonly writeNumber: number
  readonly hasHardState: boolean
  readonly term: number
  readonly vote: number
  readonly commit: number
  /** The entry before the first one, with its checksum; 0 for both when nothing was before. */
  readonly baseIndex: number
  readonly baseTerm: number
  readonly baseChecksum: number
  /** The last entry, with its checksum: those of the base when there is none. */
  readonly lastIndex: number
  readonly lastChecksum: number
  /** 0 when there is no snapshot. */
  readonly snapshotIndex: number
  readonly snapshotTerm: number
  /** Of all its chunks together. */
  readonly snapshotBytes: number
  readonly snapshotChecksum: number
  readonly snapshotChunks: number
}

export const EMPTY_ROOT: Root = {
  writeNumber: 0,
  hasHardState: false,
  term: 0,
  vote: 0,
  commit: 0,
  baseIndex: 0,
  baseTerm: 0,
  baseChecksum: 0,
  lastIndex: 0,
  lastChecksum: 0,
  snapshotIndex: 0,
  snapshotTerm: 0,
  snapshotBytes: 0,
  snapshotChecksum: 0,
  snapshotChunks: 0,
}

type Field = Exclude<keyof Root, 'writeNumber' | 'hasHardState'>

/** The payload of the root's record: one byte, whether there is a hard state, then these as u64 LE in this order. */
const FIELDS: readonly Field[] = [
  'term',
  'vote',
  'commit',
  'baseIndex',
  'baseTerm',
  'baseChecksum',
  'lastIndex',
  'lastChecksum',
  'snapshotIndex',
  'snapshotTerm',
  'snapshotBytes',
  'snapshotChecksum',
  'snapshotChunks',
]
const ROOT_BYTES = 1 + 8 * FIELDS.length

export function encodeRoot(root: Root): Buffer {
  return encodeBinaryRecord(root.writeNumber, ROOT_BYTES, (record, at) => {
    record.writeUInt8(root.hasHardState ? 1 : 0, at)
    FIELDS.forEach((field, number) => record.writeBigUInt64LE(BigInt(root[field]), at + 1 + 8 * number))
  })
}

/** Throws `CORRUPT_DATA` or `UNSUPPORTED_FORMAT` naming `where`. */
export function decodeRoot(where: string, value: Buffer): Root {
  const { index: writeNumber, payload } = decodeRecord(where, value)
  if (payload.length !== ROOT_BYTES) throw damaged(where, `it has ${payload.length} bytes, not ${ROOT_BYTES}`)
  const root = { ...EMPTY_ROOT, writeNumber, hasHardState: payload.readUInt8(0) === 1 }
  FIELDS.forEach((field, number) => (root[field] = numberAt(where, payload, 1 + 8 * number)))
  return root
}
