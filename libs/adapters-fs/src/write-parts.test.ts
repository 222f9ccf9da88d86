import { expect } from 'chai'
import { nodeSystemCalls, type SystemCalls } from './system-calls.js'
import { CALL_BYTES_MAX, fitsOneCall, lengthOf, writeFully } from './write-parts.js'

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

  it('knows what one call can take', () => {
    const byte = new Uint8Array(1)
    expect(fitsOneCall([])).to.equal(true)
    expect(fitsOneCall(new Array<Uint8Array>(1024).fill(byte))).to.equal(true)
    expect(fitsOneCall(new Array<Uint8Array>(1025).fill(byte))).to.equal(false)
    expect(lengthOf([byte, new Uint8Array(41)])).to.equal(42)
  })
})

/** What is asked of a system that takes at most so many bytes of a call. */
async function record(parts: readonly Uint8Array[], takesBytes = Infinity) {
  const asked: { readonly position: number; readonly lengths: readonly number[] }[] = []
  const write: SystemCalls['write'] = async (_descriptor, given, position) => {
    asked.push({ position, lengths: given.map((part) => part.length) })
    return Math.min(lengthOf(given), takesBytes)
  }
  await writeFully({ ...nodeSystemCalls, write }, 0, parts, 100)
  return asked
}
