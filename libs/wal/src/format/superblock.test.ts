import { crc32, writeU32, writeU64 } from '@walrus/protocol'
import { expect } from 'chai'
import fc from 'fast-check'
import { geometryOf, SECTOR_BYTES, SUPERBLOCK_BYTES } from './geometry.js'
import {
  decodeSuperblock,
  encodeOpenRecord,
  encodeSuperblock,
  openRecordPosition,
  type Superblock,
} from './superblock.js'

const superblock: Superblock = { geometry: geometryOf(8192, 7), fileId: 12, createdMs: 1_767_225_600_000, openCount: 5 }

/** The same superblock with some bytes of a sector replaced under a good checksum. */
function resealed(sector: number, change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = encodeSuperblock(superblock, crc32)
  const start = sector * SECTOR_BYTES
  change(bytes.subarray(start, start + SECTOR_BYTES))
  writeU32(bytes, start + SECTOR_BYTES - 4, crc32(bytes.subarray(start, start + SECTOR_BYTES - 4)))
  return bytes
}

describe('superblock', () => {
  it('comes back as it was written', () => {
    const identities = fc.record({
      blockBytes: fc.integer({ min: 12, max: 30 }).map((power) => 2 ** power),
      blockCount: fc.integer({ min: 1, max: 1 << 22 }),
      fileId: fc.maxSafeNat(),
      createdMs: fc.maxSafeNat(),
      openCount: fc.integer({ min: 1, max: 0xffffffff }),
    })
    fc.assert(
      fc.property(identities, ({ blockBytes, blockCount, ...rest }) => {
        const written = { geometry: geometryOf(blockBytes, blockCount), ...rest }
        expect(decodeSuperblock(encodeSuperblock(written, crc32), crc32)).to.deep.equal(written)
      }),
    )
  })

  it('knows how often the file was opened from the later of two sectors that take turns', () => {
    const bytes = encodeSuperblock(superblock, crc32)
    bytes.set(encodeOpenRecord(6, crc32), openRecordPosition(6))
    expect(decodeSuperblock(bytes, crc32)).to.deep.equal({ ...superblock, openCount: 6 })
    expect(openRecordPosition(5)).not.to.equal(openRecordPosition(6))
    expect(openRecordPosition(5)).to.equal(openRecordPosition(7))
  })

  it('never counts an opening twice, though the newer record cannot be read', () => {
    const bytes = encodeSuperblock(superblock, crc32)
    bytes.set(encodeOpenRecord(6, crc32), openRecordPosition(6))
    bytes[openRecordPosition(6) + 4]! ^= 1
    expect(decodeSuperblock(bytes, crc32)).to.deep.equal({ ...superblock, openCount: 6 })
  })

  it('is unfinished when its creation was interrupted, whichever sector is missing', () => {
    const bytes = encodeSuperblock(superblock, crc32)
    expect(decodeSuperblock(new Uint8Array(SUPERBLOCK_BYTES), crc32)).to.deep.equal({ kind: 'unfinished' })
    expect(decodeSuperblock(bytes.slice().fill(0, 0, SECTOR_BYTES), crc32)).to.deep.equal({ kind: 'unfinished' })
    expect(decodeSuperblock(bytes.slice().fill(0, SECTOR_BYTES), crc32)).to.deep.equal({ kind: 'unfinished' })
  })

  it('names a version that it does not know', () => {
    const bytes = resealed(0, (sector) => writeU32(sector, 8, 3))
    expect(decodeSuperblock(bytes, crc32)).to.deep.equal({ kind: 'version', version: 3 })
  })

  it('is damaged when what it says cannot be, though its checksum holds', () => {
    const impossible = [
      resealed(0, (sector) => writeU32(sector, 12, 5000)),
      resealed(0, (sector) => writeU32(sector, 16, 0)),
      resealed(0, (sector) => writeU64(sector, 20, 2 ** 60)),
      resealed(0, (sector) => writeU64(sector, 28, 2 ** 60)),
      resealed(1, (sector) => writeU32(sector, 0, 1)),
      resealed(1, (sector) => writeU32(sector, 4, 0)),
    ]
    for (const bytes of impossible) expect(decodeSuperblock(bytes, crc32)).to.deep.equal({ kind: 'damaged' })
  })

  it('notices any change of a byte that it covers, and never throws', () => {
    const change = fc.record({
      at: fc.integer({ min: 0, max: SECTOR_BYTES - 1 }),
      by: fc.integer({ min: 1, max: 255 }),
    })
    fc.assert(
      fc.property(change, ({ at, by }) => {
        const bytes = encodeSuperblock(superblock, crc32)
        bytes[at]! ^= by
        expect(decodeSuperblock(bytes, crc32)).to.deep.equal({ kind: 'damaged' })
      }),
      { numRuns: 500 },
    )
  })

  it('gives a fault for any bytes whatever', () => {
    const noise = fc.uint8Array({ minLength: SUPERBLOCK_BYTES, maxLength: SUPERBLOCK_BYTES })
    fc.assert(fc.property(noise, (bytes) => 'kind' in decodeSuperblock(bytes, crc32)))
  })
})
