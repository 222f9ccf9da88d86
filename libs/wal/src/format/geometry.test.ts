import { WalrusError } from '@walrus/core'
import { expect } from 'chai'
import fc from 'fast-check'
import { thrownCode } from '../harness.test.js'
import {
  blockPosition,
  geometryFault,
  geometryOf,
  geometryWithin,
  roundUp,
  SECTOR_BYTES,
  slotPosition,
  SUPERBLOCK_BYTES,
} from './geometry.js'

const blockBytesList = fc.integer({ min: 12, max: 24 }).map((power) => 2 ** power)

describe('geometry of a block file', () => {
  it('puts the superblock first, then a slot for each block, then the blocks', () => {
    fc.assert(
      fc.property(blockBytesList, fc.integer({ min: 1, max: 1 << 22 }), (blockBytes, blockCount) => {
        const geometry = geometryOf(blockBytes, blockCount)
        expect(slotPosition(0)).to.equal(SUPERBLOCK_BYTES)
        expect(slotPosition(blockCount - 1) + SECTOR_BYTES).to.be.at.most(geometry.dataStart)
        expect(geometry.dataStart % blockBytes).to.equal(0)
        expect(blockPosition(geometry, 0)).to.equal(geometry.dataStart)
        expect(blockPosition(geometry, blockCount - 1) + blockBytes).to.equal(geometry.fileBytes)
      }),
    )
  })

  it('uses the space that it is given, and wastes less than a block and the rounding', () => {
    fc.assert(
      fc.property(blockBytesList, fc.integer({ min: 1, max: 5000 }), (blockBytes, blocks) => {
        const fileBytes = blocks * (blockBytes + SECTOR_BYTES) + SUPERBLOCK_BYTES + blockBytes
        const geometry = geometryWithin(fileBytes, blockBytes, 1)
        expect(geometry.fileBytes).to.be.at.most(fileBytes)
        expect(geometry.blockCount).to.equal(blocks)
      }),
    )
  })

  it('grows the file where one run needs more', () => {
    expect(geometryWithin(64 * 1024, 4096, 1000).blockCount).to.equal(1000)
    expect(geometryWithin(1, 4096, 1).blockCount).to.equal(1)
  })

  it('refuses block sizes and counts that no file can have, naming them', () => {
    for (const blockBytes of [0, 1, 512, 4095, 5000, 2048, -4096, 4096.5, NaN, Infinity])
      expect(
        thrownCode(() => geometryOf(blockBytes, 1)),
        String(blockBytes),
      ).to.equal('INVALID_ARGUMENT')
    for (const blockCount of [0, -1, 1.5, NaN, (1 << 22) + 1])
      expect(
        thrownCode(() => geometryOf(4096, blockCount)),
        String(blockCount),
      ).to.equal('INVALID_ARGUMENT')
    expect(thrownCode(() => geometryWithin(NaN, 4096, 1))).to.equal('INVALID_ARGUMENT')
    expect(() => geometryOf(5000, 1)).to.throw(WalrusError, 'Cannot use block size 5000: not a power of two from 4096')
    expect(geometryFault(4096, 1)).to.equal(undefined)
  })

  it('rounds up to whole units', () => {
    expect([0, 1, 4096, 4097].map((value) => roundUp(value, 4096))).to.deep.equal([0, 4096, 4096, 8192])
  })
})
