import { crc32, writeU16, writeU32, writeU64 } from '@walrus/protocol'
import { expect } from 'chai'
import fc from 'fast-check'
import { decodeBlockSlot, encodeBlockSlot, slotChecksum, type BlockSlot } from './block-slot.js'
import { SECTOR_BYTES } from './geometry.js'

const slot: BlockSlot = {
  state: 'open',
  generation: { openCount: 3, sequence: 77 },
  blockCount: 4,
  run: 9,
  topic: 'orders.eu',
  segment: 12,
  baseOffset: 1_000_000_000_000,
  epoch: 2,
  firstIndex: 5000,
  createdMs: 1_767_225_600_000,
  knownBytes: 4096,
  knownEndIndex: 5010,
  lastTimestampMs: 1_767_225_600_001,
  beginsSegment: false,
  followsDurable: true,
  clean: false,
  firstPosition: 5003,
  knownEndPosition: 5014,
  fencedEpoch: 4,
  cuts: false,
}

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const topicText = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/)
const slots: fc.Arbitrary<BlockSlot> = fc.record({
  state: fc.constantFrom('free', 'open', 'closed', 'sealed'),
  generation: fc.record({ openCount: u32, sequence: u32 }),
  blockCount: u32,
  run: u32,
  topic: topicText,
  segment: fc.maxSafeNat(),
  baseOffset: fc.maxSafeNat(),
  epoch: u32,
  firstIndex: fc.maxSafeNat(),
  createdMs: fc.maxSafeNat(),
  knownBytes: u32,
  knownEndIndex: fc.maxSafeNat(),
  lastTimestampMs: fc.maxSafeNat(),
  beginsSegment: fc.boolean(),
  followsDurable: fc.boolean(),
  clean: fc.boolean(),
  firstPosition: fc.maxSafeNat(),
  knownEndPosition: fc.maxSafeNat(),
  fencedEpoch: u32,
  cuts: fc.boolean(),
})

/** The same slot with something replaced under a good checksum. */
function resealed(change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = encodeBlockSlot(slot, crc32)
  change(bytes)
  writeU32(bytes, SECTOR_BYTES - 4, crc32(bytes.subarray(0, SECTOR_BYTES - 4)))
  return bytes
}

describe('block slot', () => {
  it('comes back as it was written, and is one sector', () => {
    fc.assert(
      fc.property(slots, (written) => {
        const bytes = encodeBlockSlot(written, crc32)
        expect(bytes.length).to.equal(SECTOR_BYTES)
        expect(decodeBlockSlot(bytes, 0, crc32)).to.deep.equal(written)
      }),
    )
  })

  it('is read where it stands in a table', () => {
    const table = new Uint8Array(3 * SECTOR_BYTES)
    table.set(encodeBlockSlot(slot, crc32), SECTOR_BYTES)
    expect([0, 1, 2].map((at) => decodeBlockSlot(table, at * SECTOR_BYTES, crc32))).to.deep.equal([
      'unused',
      slot,
      'unused',
    ])
  })

  it('is believed in its own place only', () => {
    const bytes = encodeBlockSlot(slot, slotChecksum(5, 7, crc32))
    expect(decodeBlockSlot(bytes, 0, slotChecksum(5, 7, crc32))).to.deep.equal(slot)
    for (const [fileId, block] of [
      [5, 8],
      [6, 7],
    ] as const)
      expect(decodeBlockSlot(bytes, 0, slotChecksum(fileId, block, crc32))).to.equal('damaged')
  })

  it('is unused only when every byte is zero', () => {
    const bytes = new Uint8Array(SECTOR_BYTES)
    expect(decodeBlockSlot(bytes, 0, crc32)).to.equal('unused')
    bytes[300] = 1
    expect(decodeBlockSlot(bytes, 0, crc32)).to.equal('damaged')
  })

  it('is damaged when what it says cannot be, though its checksum holds', () => {
    const impossible = [
      resealed((bytes) => (bytes[4] = 2)),
      resealed((bytes) => (bytes[5] = 4)),
      resealed((bytes) => (bytes[84] = 16)),
      resealed((bytes) => writeU16(bytes, 6, 253)),
      resealed((bytes) => writeU16(bytes, 6, 0)),
      resealed((bytes) => writeU16(bytes, 6, slot.topic.length + 1)),
      resealed((bytes) => (bytes[256] = 0x20)),
      ...[24, 32, 40, 48, 56, 68, 76, 88, 96, 104].map((at) => resealed((bytes) => writeU64(bytes, at, 2 ** 60))),
      ...[40, 104].map((at) => resealed((bytes) => writeU64(bytes, at, 2 ** 32))),
    ]
    for (const bytes of impossible) expect(decodeBlockSlot(bytes, 0, crc32)).to.equal('damaged')
  })

  it('notices any change of a byte', () => {
    const change = fc.record({
      at: fc.integer({ min: 0, max: SECTOR_BYTES - 1 }),
      by: fc.integer({ min: 1, max: 255 }),
    })
    fc.assert(
      fc.property(change, ({ at, by }) => {
        const bytes = encodeBlockSlot(slot, crc32)
        bytes[at]! ^= by
        expect(decodeBlockSlot(bytes, 0, crc32)).to.equal('damaged')
      }),
      { numRuns: 500 },
    )
  })

  it('takes no noise for a slot', () => {
    const noise = fc.uint8Array({ minLength: SECTOR_BYTES, maxLength: SECTOR_BYTES })
    fc.assert(fc.property(noise, (bytes) => typeof decodeBlockSlot(bytes, 0, crc32) === 'string'))
  })
})
