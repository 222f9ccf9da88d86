import { expect } from 'chai'
import fc from 'fast-check'
import { writeU32 } from '../little-endian.js'
import { FrameReader } from './frame-reader.js'
import { frame } from './frame-writer.js'

const MIB = 1024 * 1024
const anyPayloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 12 })

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

function announce(lengthBytes: number): Uint8Array {
  const header = new Uint8Array(4)
  writeU32(header, 0, lengthBytes)
  return header
}

/** All frames that the chunks hold, as views on what the reader handed out. */
function readAll(reader: FrameReader, chunks: readonly Uint8Array[]): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    while (reader.next()) frames.push(reader.bytes.subarray(reader.start, reader.end))
  }
  return frames
}

/** Cuts the stream at the given places. */
function cut(stream: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (stream.length + 1)), stream.length].sort((a, b) => a - b)
  return sorted.slice(1).map((end, i) => stream.slice(sorted[i], end))
}

describe('FrameReader', () => {
  it('finds the same frames in any chunking', () => {
    fc.assert(
      fc.property(anyPayloads, fc.array(fc.nat(), { maxLength: 20 }), (payloads, places) => {
        const reader = new FrameReader({ maxFrameBytes: 60 })
        expect(readAll(reader, cut(concat(payloads.map(frame)), places))).to.deep.equal(payloads)
        expect(reader.insideFrame).to.equal(false)
        expect(reader.fault).to.equal(undefined)
      }),
    )
  })

  it('finds the same frames in a stream of single bytes', () => {
    const payloads = [Uint8Array.of(1), new Uint8Array(300).fill(7), Uint8Array.of(2, 3)]
    const chunks = [...concat(payloads.map(frame))].map((byte) => Uint8Array.of(byte))
    expect(readAll(new FrameReader({ maxFrameBytes: 300 }), chunks)).to.deep.equal(payloads)
  })

  it('hands out a whole frame where it lies, without a copy', () => {
    const chunk = concat([frame(Uint8Array.of(1, 2)), frame(Uint8Array.of(3))])
    const frames = readAll(new FrameReader({ maxFrameBytes: 10 }), [chunk])
    expect(frames.map((one) => [one.buffer === chunk.buffer, one.byteOffset, one.length])).to.deep.equal([
      [true, 4, 2],
      [true, 10, 1],
    ])
  })

  it('reads through the offset of a chunk that is a view', () => {
    const chunk = concat([Uint8Array.of(9, 9, 9), frame(Uint8Array.of(1, 2))]).subarray(3)
    const [only] = readAll(new FrameReader({ maxFrameBytes: 10 }), [chunk])
    expect(only).to.deep.equal(Uint8Array.of(1, 2))
    expect(only!.buffer).to.equal(chunk.buffer)
  })

  it('leaves handed out frames alone, whatever comes later', () => {
    const payloads = Array.from({ length: 50 }, (_, i) => new Uint8Array(100 + i).fill(i))
    const stream = concat(payloads.map(frame))
    const chunks = Array.from({ length: Math.ceil(stream.length / 37) }, (_, i) => stream.slice(i * 37, i * 37 + 37))
    const frames = readAll(new FrameReader({ maxFrameBytes: 1000 }), chunks)
    expect(frames).to.deep.equal(payloads)
    expect(
      frames.every((one) => one.buffer.byteLength === one.length),
      'exactly the announced size',
    ).to.equal(true)
  })

  it('assembles a large frame from many chunks', () => {
    const payload = Uint8Array.from({ length: 300_000 }, (_, i) => i * 31)
    const framed = frame(payload)
    const chunks = Array.from({ length: 31 }, (_, i) => framed.slice(i * 10_000, (i + 1) * 10_000))
    const [only, ...others] = readAll(new FrameReader({ maxFrameBytes: MIB }), chunks)
    expect(Buffer.compare(only!, payload)).to.equal(0)
    expect(only!.buffer.byteLength).to.equal(payload.length)
    expect(others).to.be.empty
  })

  it('accepts the largest frame and refuses one byte more', () => {
    const reader = new FrameReader({ maxFrameBytes: 5 })
    expect(readAll(reader, [frame(new Uint8Array(5))])).to.have.length(1)
    expect(readAll(reader, [frame(new Uint8Array(6))])).to.be.empty
    expect(reader.fault).to.deep.equal({ kind: 'oversize', announcedBytes: 6, maxFrameBytes: 5 })
  })

  it('refuses an oversize length as soon as it is there', () => {
    const reader = new FrameReader({ maxFrameBytes: 16 * MIB })
    expect(readAll(reader, cut(announce(20_000_000), [1, 2, 3]))).to.be.empty
    expect(reader.fault).to.deep.equal({
      kind: 'oversize',
      announcedBytes: 20_000_000,
      maxFrameBytes: 16 * MIB,
    })
  })

  it('is dead after a zero length, but what came before it counts', () => {
    const reader = new FrameReader({ maxFrameBytes: 10 })
    const good = frame(Uint8Array.of(1))
    expect(readAll(reader, [concat([good, announce(0), good]), good])).to.deep.equal([Uint8Array.of(1)])
    expect(reader.fault).to.deep.equal({ kind: 'zero-length' })
    expect(reader.insideFrame).to.equal(false)
    expect(reader.next()).to.equal(false)
  })

  it('reports the same fault at the same frame in any chunking', () => {
    const badLength = fc.constantFrom(0, 61, 0x7fffffff, 0xffffffff)
    fc.assert(
      fc.property(anyPayloads, badLength, fc.array(fc.nat(), { maxLength: 20 }), (payloads, length, places) => {
        const reader = new FrameReader({ maxFrameBytes: 60 })
        const stream = concat([...payloads.map(frame), announce(length), Uint8Array.of(1, 0, 0, 0, 65)])
        expect(readAll(reader, cut(stream, places))).to.deep.equal(payloads)
        expect(reader.fault?.kind).to.equal(length === 0 ? 'zero-length' : 'oversize')
      }),
    )
  })

  it('sees the same in any bytes, however they are cut', () => {
    const anyStream = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(0, 0, 0, 1, 2, 3) }, fc.nat(255)))
    fc.assert(
      fc.property(anyStream, fc.array(fc.nat(), { maxLength: 20 }), (bytes, places) => {
        const stream = Uint8Array.from(bytes)
        const whole = new FrameReader({ maxFrameBytes: 300 })
        const pieces = new FrameReader({ maxFrameBytes: 300 })
        expect(readAll(pieces, cut(stream, places))).to.deep.equal(readAll(whole, [stream]))
        expect(pieces.fault).to.deep.equal(whole.fault)
        expect(pieces.insideFrame).to.equal(whole.insideFrame)
      }),
      { numRuns: 1000 },
    )
  })

  it('knows whether a stream may end', () => {
    const reader = new FrameReader({ maxFrameBytes: 10 })
    const inside = [2, 0, 0, 0, 65, 66].map((byte) => {
      readAll(reader, [Uint8Array.of(byte)])
      return reader.insideFrame
    })
    expect(inside).to.deep.equal([false, false, false, true, true, false])
  })

  it('reserves what has arrived, not what is announced', () => {
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 64 }, () => new FrameReader({ maxFrameBytes: 16 * MIB }))
    for (const reader of readers) readAll(reader, [announce(16 * MIB), Uint8Array.of(1)])
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(32 * MIB)
    expect(readers.every((reader) => reader.insideFrame)).to.equal(true)
  })

  it('lets go of a chunk once its frames are taken', () => {
    const reader = new FrameReader({ maxFrameBytes: 10 })
    readAll(reader, [frame(Uint8Array.of(1))])
    expect(reader.bytes).to.have.length(0)
  })

  it('knows that a frame has begun, holds what came of it, and lets go when it is given up', () => {
    const reader = new FrameReader({ maxFrameBytes: 1000 })
    expect([reader.isUnfinished, reader.heldBytes]).to.deep.equal([false, 0])
    reader.push(Uint8Array.of(200))
    expect([reader.next(), reader.isUnfinished, reader.heldBytes]).to.deep.equal([false, true, 0])
    reader.push(Uint8Array.of(0, 0, 0, 7))
    expect([reader.next(), reader.isUnfinished, reader.heldBytes]).to.deep.equal([false, true, 200])
    reader.giveUp(50)
    expect([reader.heldBytes, reader.fault]).to.deep.equal([0, { kind: 'unfinished', timeoutMs: 50 }])
    reader.push(new Uint8Array(199))
    expect(reader.next()).to.equal(false)
  })

  it('takes longer frames once it is told so', () => {
    const reader = new FrameReader({ maxFrameBytes: 1 })
    reader.push(concat([frame(Uint8Array.of(1)), frame(Uint8Array.of(2, 3))]))
    expect(reader.next()).to.equal(true)
    reader.limit(2)
    expect(reader.next()).to.equal(true)
    expect(reader.bytes.subarray(reader.start, reader.end)).to.deep.equal(Uint8Array.of(2, 3))
  })

  it('stops a caller that would lose frames', () => {
    const reader = new FrameReader({ maxFrameBytes: 10 })
    reader.push(concat([frame(Uint8Array.of(1)), frame(Uint8Array.of(2))]))
    expect(reader.next()).to.equal(true)
    expect(() => reader.push(frame(Uint8Array.of(3)))).to.throw('all frames of a chunk are taken')
  })
})
