import { expect } from 'chai'
import fc from 'fast-check'
import { crc32 } from '../crc32.js'
import { writeU16, writeU32, writeU64 } from '../little-endian.js'
import type { BatchFault, BatchHeader } from './header.js'
import { BATCH_HEADER_BYTES, checkBatchPayload, readBatchHeader, writeBatchHeader } from './header.js'

const example: BatchHeader = {
  control: false,
  compressed: false,
  payloadBytes: 0x0102,
  entryCount: 3,
  payloadCrc: 0xdeadbeef,
  firstIndex: 0x1_0000_0007,
  timestampMs: 1_763_863_320_000,
  producerId: Number.MAX_SAFE_INTEGER,
  producerSequence: 9,
  epoch: 0xffffffff,
}

const exactCount = fc.maxSafeNat()
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const anyHeader: fc.Arbitrary<BatchHeader> = fc
  .record({
    control: fc.boolean(),
    compressed: fc.boolean(),
    payloadBytes: u32,
    entryCount: fc.integer({ min: 1, max: 0x3fffffff }),
    payloadCrc: u32,
    firstIndex: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 0x3fffffff }),
    timestampMs: exactCount,
    producerId: exactCount,
    producerSequence: exactCount,
    epoch: u32,
  })
  .map((header) => ({ ...header, entryCount: header.control ? 0 : header.entryCount }))
  .filter((header) => header.compressed || header.entryCount * 4 <= header.payloadBytes)

function encoded(header: BatchHeader = example): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES)
  writeBatchHeader(bytes, 0, header, crc32)
  return bytes
}

/** Changes a header and makes its checksum good again. */
function forged(change: (bytes: Uint8Array) => void, header: BatchHeader = example): Uint8Array {
  const bytes = encoded(header)
  change(bytes)
  writeU32(bytes, 60, crc32(bytes.subarray(0, 60)))
  return bytes
}

describe('batch header', () => {
  it('lies in its bytes as the format says', () => {
    const hex = Buffer.from(encoded({ ...example, compressed: true })).toString('hex')
    expect(hex.slice(0, 120)).to.equal(
      '5701020002010000' +
        '03000000efbeadde' +
        '0700000001000000' +
        'c05572ae9a010000' +
        'ffffffffffff1f00' +
        '0900000000000000' +
        'ffffffff00000000' +
        '00000000',
    )
  })

  it('is read back as it was written, at any position', () => {
    fc.assert(
      fc.property(anyHeader, fc.nat(9), fc.nat(9), (header, before, behind) => {
        const bytes = new Uint8Array(before + BATCH_HEADER_BYTES + behind).fill(0xaa)
        writeBatchHeader(bytes, before, header, crc32)
        expect(readBatchHeader(bytes, before, crc32)).to.deep.equal(header)
        expect(bytes.subarray(0, before).every((byte) => byte === 0xaa)).to.equal(true)
        expect(bytes.subarray(before + BATCH_HEADER_BYTES).every((byte) => byte === 0xaa)).to.equal(true)
      }),
    )
  })

  const faults: readonly (readonly [string, Uint8Array, BatchFault])[] = [
    ['63 bytes', encoded().subarray(0, 63), 'short'],
    ['no bytes', new Uint8Array(0), 'short'],
    ['zeros', new Uint8Array(64), 'magic'],
    ['another version', forged((bytes) => (bytes[1] = 2)), 'version'],
    ['an unknown flag', forged((bytes) => writeU16(bytes, 2, 4)), 'flags'],
    ['another checksum', encoded().fill(0, 60), 'header-crc'],
    ['a data batch without entries', forged((bytes) => writeU32(bytes, 8, 0)), 'range'],
    ['a control batch with entries', forged((bytes) => writeU16(bytes, 2, 1)), 'range'],
    ['more entries than their lengths have room', forged((bytes) => writeU32(bytes, 8, 65)), 'range'],
    ['an index of 2^53', forged((bytes) => writeU32(bytes, 20, 0x200000)), 'range'],
    ['a last index of 2^53', forged((bytes) => writeU64(bytes, 16, Number.MAX_SAFE_INTEGER)), 'range'],
    ['a timestamp of 2^63', forged((bytes) => (bytes[31] = 0x80)), 'range'],
    ['a producer of 2^53', forged((bytes) => writeU32(bytes, 36, 0x200000)), 'range'],
    ['a sequence of 2^53', forged((bytes) => writeU32(bytes, 44, 0x200000)), 'range'],
    ['a reserved byte that is not zero', forged((bytes) => (bytes[59] = 1)), 'range'],
  ]
  for (const [name, bytes, fault] of faults) {
    it(`is refused for ${name}: ${fault}`, () => expect(readBatchHeader(bytes, 0, crc32)).to.equal(fault))
  }

  it('is refused before the first byte and behind the last', () => {
    expect(readBatchHeader(encoded(), -1, crc32)).to.equal('short')
    expect(readBatchHeader(encoded(), 1, crc32)).to.equal('short')
  })

  it('is refused with any bit flipped', () => {
    for (let bit = 0; bit < BATCH_HEADER_BYTES * 8; bit++) {
      const bytes = encoded()
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      expect(readBatchHeader(bytes, 0, crc32), `bit ${bit}`).to.be.oneOf(['magic', 'version', 'header-crc'])
    }
  })

  it('is never an exception, whatever the bytes, even under a good checksum', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 60 }), (noise) => {
        const bytes = forged((target) => target.set(noise.subarray(2), 2))
        const result = readBatchHeader(bytes, 0, crc32)
        if (typeof result === 'string') expect(result).to.be.oneOf(['flags', 'range'])
        else expect(encoded(result)).to.deep.equal(bytes)
      }),
    )
  })

  const impossible: readonly Partial<BatchHeader>[] = [
    { entryCount: 0 },
    { control: true },
    { payloadBytes: 2 ** 32 },
    { payloadBytes: 11 },
    { payloadCrc: -1 },
    { firstIndex: -1 },
    { firstIndex: 0.5 },
    { timestampMs: 2 ** 53 },
    { producerId: 2 ** 53 },
    { epoch: 2 ** 32 },
  ]
  for (const change of impossible) {
    it(`is not written with ${JSON.stringify(change)}`, () => {
      expect(() => encoded({ ...example, ...change })).to.throw('Invariant broken')
    })
  }
})

describe('checkBatchPayload', () => {
  const payload = Uint8Array.of(1, 0, 0, 0, 42)
  const header = { ...example, payloadBytes: payload.length, entryCount: 1, payloadCrc: crc32(payload) }
  const batch = Uint8Array.of(...encoded(header), ...payload)

  it('accepts the payload that the header was written for', () => {
    expect(checkBatchPayload(batch, 0, header, crc32)).to.equal(true)
    expect(checkBatchPayload(Uint8Array.of(9, ...batch, 9), 1, header, crc32)).to.equal(true)
  })

  it('refuses a payload with any bit flipped', () => {
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const damaged = batch.slice()
      damaged[BATCH_HEADER_BYTES + (bit >> 3)]! ^= 1 << (bit & 7)
      expect(checkBatchPayload(damaged, 0, header, crc32), `bit ${bit}`).to.equal(false)
    }
  })

  it('refuses a payload that is not all there', () => {
    expect(checkBatchPayload(batch.subarray(0, batch.length - 1), 0, header, crc32)).to.equal(false)
    expect(checkBatchPayload(batch, 0, { ...header, payloadBytes: 0xffffffff }, crc32)).to.equal(false)
  })
})
