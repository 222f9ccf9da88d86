import { expect } from 'chai'
import { BufferPool } from './buffer-pool.js'

describe('buffer pool', () => {
  it('gives buffers that are large enough', () => {
    const pool = new BufferPool(1 << 20)
    for (const bytes of [0, 1, 1024, 1025, 100_000]) expect(pool.take(bytes).length).to.be.at.least(bytes)
  })

  it('gives a buffer again when it was given back, and only then', () => {
    const pool = new BufferPool(1 << 20)
    const buffer = pool.take(3000)
    expect(pool.take(3000)).not.to.equal(buffer)
    pool.give(buffer)
    expect(pool.take(2100), 'of the same size class').to.equal(buffer)
    expect(pool.take(2100)).not.to.equal(buffer)
  })

  it('never gives one that is too small', () => {
    const pool = new BufferPool(1 << 20)
    pool.give(pool.take(1000))
    expect(pool.take(3000).length).to.be.at.least(3000)
  })

  it('keeps no more than it was told', () => {
    const pool = new BufferPool(4096)
    const buffers = [pool.take(2048), pool.take(2048), pool.take(2048)]
    for (const buffer of buffers) pool.give(buffer)
    const again = [pool.take(2048), pool.take(2048), pool.take(2048)]
    expect(again.filter((buffer) => buffers.includes(buffer))).to.have.length(2)
  })

  it('keeps none that it could not have made', () => {
    const pool = new BufferPool(1 << 20)
    const stranger = new Uint8Array(1500)
    pool.give(stranger)
    pool.give(new Uint8Array(0))
    expect(pool.take(1500)).not.to.equal(stranger)
  })
})
