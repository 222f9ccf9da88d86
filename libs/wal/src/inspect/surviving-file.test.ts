import { WalrusError } from '@walrus/core'
import { MemoryBlockFiles } from '@walrus/adapters-memory'
import { expect } from 'chai'
import { failureOf } from '../harness.test.js'
import { SurvivingFile } from './surviving-file.js'

describe('a file as far as it can be read', () => {
  let unreadable: number[]
  let file: SurvivingFile
  /** Bytes that the system cannot read, and what it says. */
  let bad: number[]
  let fault: WalrusError

  beforeEach(async () => {
    const directory = await MemoryBlockFiles.open()
    const whole = await directory.create('a', 20_000)
    await whole.write([new Uint8Array(20_000).fill(7)], 0, false)
    const read = whole.read.bind(whole)
    bad = []
    fault = new WalrusError('IO_FAILED', 'Cannot read')
    whole.read = (position, length) => {
      const fails = bad.some((byte) => byte >= position && byte < position + length)
      return fails ? Promise.reject(fault) : read(position, length)
    }
    unreadable = []
    file = new SurvivingFile(whole, (position) => unreadable.push(position))
  })

  it('is what it is where all is well', async () => {
    expect(await file.read(5, 3)).to.deep.equal(Uint8Array.of(7, 7, 7))
    expect(file).to.include({ name: 'a', sizeBytes: 20_000 })
  })

  it('is zeros beyond its end', async () => {
    expect(await file.read(19_998, 4)).to.deep.equal(Uint8Array.of(7, 7, 0, 0))
    expect(await file.read(30_000, 2)).to.deep.equal(Uint8Array.of(0, 0))
    expect(unreadable).to.deep.equal([])
  })

  it('is zeros where the system cannot read it, a page each, told once', async () => {
    bad = [5000, 13_000]
    for (let round = 0; round < 2; round++) {
      const bytes = await file.read(100, 19_000)
      const at = (position: number) => bytes[position - 100]
      expect([at(4095), at(4096), at(8191), at(8192), at(12_287), at(12_288), at(16_383), at(16_384)]).to.deep.equal([
        7, 0, 0, 7, 7, 0, 0, 7,
      ])
      expect(unreadable).to.deep.equal([4096, 12_288])
    }
  })

  it('lets through what is not about the disk', async () => {
    bad = [0]
    fault = new WalrusError('STORAGE_CLOSED', 'Cannot read')
    expect(await failureOf(file.read(0, 1))).to.equal(fault)
    expect(unreadable).to.deep.equal([])
  })

  it('cannot be written to', async () => {
    expect(await failureOf(file.write())).to.include({ code: 'INVALID_ARGUMENT' })
    expect(await failureOf(file.sync())).to.include({ code: 'INVALID_ARGUMENT' })
    await file.close()
  })
})
