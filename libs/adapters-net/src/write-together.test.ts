import { expect } from 'chai'
import { Writable } from 'node:stream'
import { writeTogether } from './write-together.js'

/** Counts how often the system would be called, and keeps what it would be given. */
class CountingWritable extends Writable {
  writeCount = 0
  readonly written: Buffer[] = []

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#take([chunk], done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#take(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  #take(parts: readonly Buffer[], done: () => void): void {
    this.writeCount += 1
    this.written.push(...parts)
    done()
  }
}

describe('writeTogether', () => {
  for (const sizes of [[5], [1, 2, 3], [10_000, 1, 200_000], [4096, 4096], new Array<number>(500).fill(7)]) {
    it(`writes ${sizes.length} parts of ${[...new Set(sizes)].join(', ')} bytes once, in their order`, () => {
      const parts = sizes.map((size, index) => Buffer.alloc(size, index))
      const out = new CountingWritable()
      writeTogether(out, parts)
      expect(out.writeCount).to.equal(1)
      expect(Buffer.concat(out.written).equals(Buffer.concat(parts))).to.equal(true)
    })
  }
})
