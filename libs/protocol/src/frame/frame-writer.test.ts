import { expect } from 'chai'
import fc from 'fast-check'
import { FrameReader } from './frame-reader.js'
import { FrameWriter, frame } from './frame-writer.js'

const anyBytes = fc.uint8Array({ maxLength: 200 })

function framesIn(bytes: Uint8Array): Uint8Array[] {
  const reader = new FrameReader({ maxFrameBytes: 1 << 20 })
  reader.push(bytes)
  const frames: Uint8Array[] = []
  while (reader.next()) frames.push(reader.bytes.slice(reader.start, reader.end))
  return frames
}

describe('frame', () => {
  it('puts the length in front', () => {
    expect([...frame(Uint8Array.of(7, 8))]).to.deep.equal([2, 0, 0, 0, 7, 8])
  })
})

describe('FrameWriter', () => {
  it('gives all that was added, in order, once', () => {
    const anyStep = fc.oneof(
      fc.record({ whole: fc.uint8Array({ minLength: 1, maxLength: 200 }) }),
      fc.record({ prefix: fc.uint8Array({ minLength: 1, maxLength: 5 }), body: anyBytes }),
    )
    fc.assert(
      fc.property(fc.array(anyStep), (steps) => {
        const writer = new FrameWriter()
        for (const step of steps) {
          if ('whole' in step) writer.addFrames(frame(step.whole))
          else writer.addFrame(step.prefix, step.body)
        }
        const sizeBytes = writer.sizeBytes
        const taken = writer.take()
        expect(taken).to.have.length(sizeBytes)
        expect(framesIn(taken)).to.deep.equal(
          steps.map((step) => ('whole' in step ? step.whole : Uint8Array.of(...step.prefix, ...step.body))),
        )
        expect(writer.take()).to.have.length(0)
      }),
    )
  })

  it('never touches what it gave out', () => {
    const writer = new FrameWriter()
    writer.addFrames(frame(new Uint8Array(500).fill(1)))
    const first = writer.take()
    const copy = first.slice()
    writer.addFrames(frame(new Uint8Array(400).fill(2)))
    expect(first).to.deep.equal(copy)
    expect(framesIn(writer.take())).to.deep.equal([new Uint8Array(400).fill(2)])
  })

  it('does not hold on to the size of one large answer', () => {
    const writer = new FrameWriter()
    writer.addFrame(Uint8Array.of(1), new Uint8Array(1 << 20))
    expect(writer.take().buffer.byteLength).to.equal((1 << 20) + 5)
    writer.addFrame(Uint8Array.of(1), Uint8Array.of(2))
    expect(writer.take().buffer.byteLength).to.equal(64 * 1024)
    writer.addFrame(Uint8Array.of(1), Uint8Array.of(2))
    expect(writer.take().buffer.byteLength).to.equal(256)
  })
})
