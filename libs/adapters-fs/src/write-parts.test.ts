import { expect } from 'chai'
import { nodeSystemCalls, type SystemCalls } from './system-calls.js'
import { CALL_BYTES_MAX, fitsOneCall, lengthOf, writeFully, writeSmall } from './write-parts.js'

describe('write parts', () => {
  it('splits what is too long for one call', async () => {
    const long = new Uint8Array(CALL_BYTES_MAX + 5)
    const written = await record([long.subarray(0, 3), long, long.subarray(0, 1)])
    expect(written).to.deep.equal([
      { position: 100, lengths: [3, CALL_BYTES_MAX - 3] },
      { position: 100 + CALL_BYTES_MAX, lengths: [8, 1] },
    ])
  })

  it('splits what are too many parts for one call, and counts no empty ones in front', async () => {
    const parts = Array.from({ length: 2500 }, (_, index) => new Uint8Array(index < 1100 ? 0 : 1))
    const calls = await record(parts)
    expect(calls.map(({ position, lengths }) => [position, lengths.length])).to.deep.equal([
      [100, 1024],
      [1124, 376],
    ])
  })

  it('goes on behind a short write, in the middle of a part', async () => {
    const calls = await record([new Uint8Array(4), new Uint8Array(4)], 3)
    expect(calls).to.deep.equal([
      { position: 100, lengths: [4, 4] },
      { position: 103, lengths: [1, 4] },
      { position: 106, lengths: [2] },
    ])
  })

  it('writes what is small at once, and only that', () => {
    const calls = { ...nodeSystemCalls, writeNow: (_: number, parts: readonly Uint8Array[]) => lengthOf(parts) }
    expect(writeSmall(calls, 0, [new Uint8Array(16_000), new Uint8Array(384)], 0)).to.equal(16_384)
    expect(writeSmall(calls, 0, [new Uint8Array(16_000), new Uint8Array(385)], 0)).to.equal(0)
  })

  it('leaves an interrupted small write to be tried again, and passes on any other error', () => {
    const failing = (code: string) => ({
      ...nodeSystemCalls,
      writeNow: () => {
        throw Object.assign(new Error(code), { code })
      },
    })
    expect(writeSmall(failing('EINTR'), 0, [new Uint8Array(1)], 0)).to.equal(0)
    expect(() => writeSmall(failing('ENOSPC'), 0, [new Uint8Array(1)], 0)).to.throw('ENOSPC')
  })

  it('goes on behind what is written already', async () => {
    const asked = await record([new Uint8Array(10), new Uint8Array(20)], Infinity, 15)
    expect(asked).to.deep.equal([{ position: 115, lengths: [15] }])
  })

  it('knows what one call can take', () => {
    const byte = new Uint8Array(1)
    expect(fitsOneCall([])).to.equal(true)
    expect(fitsOneCall(new Array<Uint8Array>(1024).fill(byte))).to.equal(true)
    expect(fitsOneCall(new Array<Uint8Array>(1025).fill(byte))).to.equal(false)
    expect(lengthOf([byte, new Uint8Array(41)])).to.equal(42)
  })
})

/** What is asked of a system that takes at most so many bytes of a call. */
async function record(parts: readonly Uint8Array[], takesBytes = Infinity, writtenBytes = 0) {
  const asked: { readonly position: number; readonly lengths: readonly number[] }[] = []
  const write: SystemCalls['write'] = async (_descriptor, given, position) => {
    asked.push({ position, lengths: given.map((part) => part.length) })
    return Math.min(lengthOf(given), takesBytes)
  }
  await writeFully({ ...nodeSystemCalls, write }, 0, parts, 100, writtenBytes)
  return asked
}
