import { topicNameFault, type Checksum } from '@walrus/core'
import { fitsU32, fitsU64, readU16, readU32, readU64, writeU16, writeU32, writeU64 } from '@walrus/protocol'
import { SECTOR_BYTES } from './geometry.js'

/*
 * One sector a block, in a table behind the superblock; the slot of a run's first block describes the whole run
 * (spec/disk-format.md). Flags: bit 0 begins the segment, bit 1 follows durable, bit 2 clean, bit 3 cuts. The crc is continued
 * over the place: file id (u64) and block (u32).
 *
 *    0         4         5       6            8            12           16           20
 *    ├─────────┼─────────┼───────┼────────────┼────────────┼────────────┼────────────┼────────────┤
 *    │ "WBLK"  │ version │ state │ topicBytes │ openCount  │ sequence   │ blockCount │ run        │
 *    ├─────────┴─────────┴───────┴────────────┼────────────┴────────────┼────────────┴────────────┤ 24
 *    │ segment u64                            │ baseOffset u64          │ epoch u64               │
 *    ├────────────────────────────────────────┼─────────────────────────┼─────────────────────────┤ 48
 *    │ firstIndex u64                         │ createdMs u64           │ knownBytes              │
 *    ├────────────────────────────────────────┼─────────────────────────┼────────────┬────────────┤ 68
 *    │ knownEndIndex u64                      │ lastTimestampMs u64     │ flags u8   │ zero       │
 *    ├────────────────────────────────────────┼─────────────────────────┼────────────┴────────────┤ 88
 *    │ firstPosition u64                      │ knownEndPosition u64    │ fencedEpoch u64         │
 *    ├────────────────────────────────────────┴─────────────────────────┼─────────────────────────┤ 256
 *    │ topic, 252 bytes                                                 │ crc of bytes 0 to 507   │
 *    └──────────────────────────────────────────────────────────────────┴─────────────────────────┘ 512
 */

const MAGIC = 0x4b4c4257
const VERSION = 1
const TOPIC_AT = 256
const TOPIC_BYTES_MAX = 252
const CRC_AT = SECTOR_BYTES - 4
const FLAGS_AT = 84
const BEGINS_SEGMENT = 1
const FOLLOWS_DURABLE = 2
const CLEAN = 4
const CUTS = 8
const KNOWN_FLAGS = BEGINS_SEGMENT | FOLLOWS_DURABLE | CLEAN | CUTS
const EPOCH_AT = 40
const FENCED_EPOCH_AT = 104
const WIDE_FIELDS = [24, 32, EPOCH_AT, 48, 56, 68, 76, 88, 96, FENCED_EPOCH_AT]

/** Distinguishes each use of a block from every earlier one. Invariant: never repeats for a block of a file. */
export interface Generation {
  readonly openCount: number
  readonly sequence: number
}

/** free: no data. open: more may follow the known bytes. closed: complete. sealed: complete, and the segment's last run. */
export type SlotState = 'free' | 'open' | 'closed' | 'sealed'

const STATES: readonly SlotState[] = ['free', 'open', 'closed', 'sealed']

/** One run of contiguous blocks, as its slot describes it. */
export interface BlockSlot {
  readonly state: SlotState
  readonly generation: Generation
  readonly blockCount: number
  /** Position of the run within the segment, from 0. */
  readonly run: number
  readonly topic: string
  readonly segment: number
  readonly baseOffset: number
  readonly epoch: number
  /** Index in the segment of the run's first entry. */
  readonly firstIndex: number
  /** Milliseconds at which the segment was created. */
  readonly createdMs: number
  /** Bytes from the start of the run that were durable when the slot was written: damage below is no torn tail. */
  readonly knownBytes: number
  /** Index after the last entry within the known bytes. */
  readonly knownEndIndex: number
  readonly lastTimestampMs: number
  /** The segment begins here: without such a run, the others are left from a removal. */
  readonly beginsSegment: boolean
  /** All that the segment had before this run was durable when the slot was written: if it is missing, that is no torn tail. */
  readonly followsDurable: boolean
  /** Nothing was ever written behind the known bytes: an open run may go on there. */
  readonly clean: boolean
  /** Records of the segment before this run: entries, and control batches. */
  readonly firstPosition: number
  /** Records up to the end of the known bytes. */
  readonly knownEndPosition: number
  /** The newest epoch that this copy of the segment had seen when the slot was written; 0 if none but its own. */
  readonly fencedEpoch: number
  /** What stood in the segment behind `firstPosition` was given up: this slot alone says so, whatever is in the run. */
  readonly cuts: boolean
}

/** The checksum for the slot of one block, so that a slot which was written to another place is not believed there. */
export function slotChecksum(fileId: number, block: number, checksum: Checksum): Checksum {
  const place = new Uint8Array(12)
  writeU64(place, 0, fileId)
  writeU32(place, 8, block)
  return (bytes, seed) => checksum(place, checksum(bytes, seed))
}

/** @param checksum see `slotChecksum` */
export function encodeBlockSlot(slot: BlockSlot, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES)
  writeU32(bytes, 0, MAGIC)
  bytes[4] = VERSION
  bytes[5] = STATES.indexOf(slot.state)
  writeU16(bytes, 6, slot.topic.length)
  writeU32(bytes, 8, slot.generation.openCount)
  writeU32(bytes, 12, slot.generation.sequence)
  writeU32(bytes, 16, slot.blockCount)
  writeU32(bytes, 20, slot.run)
  const wide = [slot.segment, slot.baseOffset, slot.epoch, slot.firstIndex, slot.createdMs]
  wide.forEach((value, at) => writeU64(bytes, 24 + 8 * at, value))
  writeU32(bytes, 64, slot.knownBytes)
  writeU64(bytes, 68, slot.knownEndIndex)
  writeU64(bytes, 76, slot.lastTimestampMs)
  writeU64(bytes, 88, slot.firstPosition)
  writeU64(bytes, 96, slot.knownEndPosition)
  writeU64(bytes, FENCED_EPOCH_AT, slot.fencedEpoch)
  bytes[FLAGS_AT] = flagsOf(slot)
  for (let at = 0; at < slot.topic.length; at++) bytes[TOPIC_AT + at] = slot.topic.charCodeAt(at)
  writeU32(bytes, CRC_AT, checksum(bytes.subarray(0, CRC_AT)))
  return bytes
}

function flagsOf({ beginsSegment, followsDurable, clean, cuts }: BlockSlot): number {
  const ofPlace = (beginsSegment ? BEGINS_SEGMENT : 0) | (followsDurable ? FOLLOWS_DURABLE : 0)
  return ofPlace | (clean ? CLEAN : 0) | (cuts ? CUTS : 0)
}

/** `unused` was never written; `damaged` cannot be trusted in any field. */
export function decodeBlockSlot(bytes: Uint8Array, at: number, checksum: Checksum): BlockSlot | 'unused' | 'damaged' {
  if (readU32(bytes, at) === 0) return isZero(bytes, at) ? 'unused' : 'damaged'
  const slot = bytes.subarray(at, at + SECTOR_BYTES)
  if (readU32(slot, 0) !== MAGIC || checksum(slot.subarray(0, CRC_AT)) !== readU32(slot, CRC_AT)) return 'damaged'
  return decodeFields(slot) ?? 'damaged'
}

function decodeFields(slot: Uint8Array): BlockSlot | undefined {
  const state = STATES[slot[5] ?? STATES.length]
  const topicBytes = readU16(slot, 6)
  const flags = slot[FLAGS_AT] ?? 0
  if ((flags & ~KNOWN_FLAGS) !== 0) return undefined
  if (slot[4] !== VERSION || state === undefined || topicBytes > TOPIC_BYTES_MAX) return undefined
  if (!WIDE_FIELDS.every((at) => fitsU64(readU64(slot, at)))) return undefined
  // The headers of batches have no room for more.
  if (!fitsU32(readU64(slot, EPOCH_AT)) || !fitsU32(readU64(slot, FENCED_EPOCH_AT))) return undefined
  const topic = String.fromCharCode(...slot.subarray(TOPIC_AT, TOPIC_AT + topicBytes))
  if (topicNameFault(topic) !== undefined) return undefined
  return {
    state,
    generation: { openCount: readU32(slot, 8), sequence: readU32(slot, 12) },
    blockCount: readU32(slot, 16),
    run: readU32(slot, 20),
    topic,
    segment: readU64(slot, 24),
    baseOffset: readU64(slot, 32),
    epoch: readU64(slot, EPOCH_AT),
    firstIndex: readU64(slot, 48),
    createdMs: readU64(slot, 56),
    knownBytes: readU32(slot, 64),
    knownEndIndex: readU64(slot, 68),
    lastTimestampMs: readU64(slot, 76),
    beginsSegment: (flags & BEGINS_SEGMENT) !== 0,
    followsDurable: (flags & FOLLOWS_DURABLE) !== 0,
    clean: (flags & CLEAN) !== 0,
    firstPosition: readU64(slot, 88),
    knownEndPosition: readU64(slot, 96),
    fencedEpoch: readU64(slot, FENCED_EPOCH_AT),
    cuts: (flags & CUTS) !== 0,
  }
}

function isZero(bytes: Uint8Array, at: number): boolean {
  for (let offset = 0; offset < SECTOR_BYTES; offset++) if (bytes[at + offset] !== 0) return false
  return true
}
