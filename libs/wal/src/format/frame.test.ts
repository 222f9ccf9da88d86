import { crc32 } from '@walrus/protocol'
import { expect } from 'chai'
import fc from 'fast-check'
import { FRAME_BYTES, readFrame, writeFrame, type Frame } from './frame.js'

const FILE_ID = 7
const frame: Frame = {
  generation: { openCount: 2, sequence: 31 },
  durableBytes: 4000,
  batchBytes: 123,
  position: 4500,
}

function written(of = frame, at = 0): Uint8Array {
  const bytes = new Uint8Array(at + FRAME_BYTES)
  writeFrame(bytes, at, of, FILE_ID, crc32)
  return bytes
}

describe('frame', () => {
  it('comes back as it was written, wherever it stands', () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff })
    const frames = fc.record({
      generation: fc.record({ openCount: u32, sequence: u32 }),
      durableBytes: u32,
      batchBytes: u32,
      position: u32,
    })
    fc.assert(
      fc.property(frames, fc.nat(100), (of, at) => {
        expect(readFrame(written(of, at), at, of, FILE_ID, crc32)).to.deep.equal(of)
      }),
    )
  })

  it('is none of this place when generation, position or file differ', () => {
    const { generation, position } = frame
    const others = [
      { generation: { ...generation, openCount: 3 }, position },
      { generation: { ...generation, sequence: 30 }, position },
      { generation, position: position + 1 },
    ]
    for (const expected of others) expect(readFrame(written(), 0, expected, FILE_ID, crc32)).to.equal(undefined)
    expect(readFrame(written(), 0, frame, FILE_ID + 1, crc32)).to.equal(undefined)
  })

  it('is none when bytes are missing', () => {
    expect(readFrame(written().subarray(0, FRAME_BYTES - 1), 0, frame, FILE_ID, crc32)).to.equal(undefined)
    expect(readFrame(written(), 1, frame, FILE_ID, crc32)).to.equal(undefined)
  })

  it('notices any change of a byte', () => {
    for (let at = 0; at < FRAME_BYTES; at++)
      for (const by of [1, 0x80, 0xff]) {
        const bytes = written()
        bytes[at]! ^= by
        expect(readFrame(bytes, 0, frame, FILE_ID, crc32), `byte ${at}`).to.equal(undefined)
      }
  })
})
