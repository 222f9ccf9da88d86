import { WalrusError } from '@walrus/core'
import { createMessage } from '@walrus/raft'
import { expect } from 'chai'
import fc from 'fast-check'
import { crc32 } from '../crc32.js'
import { FRAME_HEADER_BYTES } from '../frame/frame-reader.js'
import { readU32, writeU32 } from '../little-endian.js'
import { anyFrame, anyMessage, PEER_MESSAGE_TYPES } from './arbitrary-frames.test.js'
import {
  decodePeerFrame,
  encodePeerFrame,
  PEER_FRAME_OVERHEAD_BYTES,
  peerFrames,
  PeerFrameWriter,
  type PeerFault,
  type PeerFrame,
} from './peer-frames.js'

const CHECKED_AT = 8

function encode(frame: PeerFrame): Uint8Array {
  return encodePeerFrame(frame, crc32)
}

function decode(framed: Uint8Array): PeerFrame | PeerFault {
  return decodePeerFrame(framed, FRAME_HEADER_BYTES, framed.length, crc32)
}

/** The checksum that these bytes should have, so that a change gets through to the fields. */
function resealed(framed: Uint8Array): Uint8Array {
  writeU32(framed, FRAME_HEADER_BYTES, crc32(framed.subarray(CHECKED_AT)))
  return framed
}

/** A frame of that type with any body. */
function sealed(type: number, body: readonly number[]): Uint8Array {
  return resealed(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, type, ...body))
}

describe('peer frames', () => {
  it('are read as they were written, every kind of them', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const framed = encode(frame)
        expect(readU32(framed, 0)).to.equal(framed.length - FRAME_HEADER_BYTES)
        expect(decode(framed)).to.deep.equal(frame)
      }),
      { numRuns: 1000 },
    )
  })

  for (const type of PEER_MESSAGE_TYPES) {
    it(`carry a ${type} with all of its fields`, () => {
      fc.assert(
        fc.property(anyMessage(type), (message) => {
          expect(decode(encode({ kind: 'raft', message }))).to.deep.equal({ kind: 'raft', message })
        }),
      )
    })
  }

  it('have a type byte each', () => {
    const types = Object.values(peerFrames).map(({ type }) => type)
    expect(new Set(types).size).to.equal(types.length)
    for (const [kind, { type }] of Object.entries(peerFrames)) expect(type, kind).to.be.within(1, 255)
  })

  it('do not get through with any one bit changed', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), fc.integer({ min: 0, max: 7 }), (frame, place, bit) => {
        const framed = encode(frame)
        const at = FRAME_HEADER_BYTES + (place % (framed.length - FRAME_HEADER_BYTES))
        framed[at]! ^= 1 << bit
        expect(decode(framed)).to.equal('checksum')
      }),
    )
  })

  it('are a fault at any shorter length', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), (frame, length) => {
        const framed = encode(frame)
        const cut = framed.slice(0, FRAME_HEADER_BYTES + (length % (framed.length - FRAME_HEADER_BYTES)))
        expect(decode(cut)).to.be.oneOf(['short', 'checksum'])
      }),
    )
  })

  it('never throw under a good checksum either: a changed frame is a fault, or just what it says', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(anyFrame, changes, fc.nat(), (frame, changed, length) => {
        const framed = encode(frame)
        const body = framed.length - CHECKED_AT
        for (const [place, byte] of changed) framed[CHECKED_AT + (place % body)] = byte
        const cut = resealed(framed.slice(0, framed.length - (length % 4 === 0 ? length % body : 0)))
        const decoded = decode(cut)
        // A refusal is read in any version, and its reason may be cut: the one frame with several forms.
        if (typeof decoded === 'string' || decoded.kind === 'refusal') return
        writeU32(cut, 0, cut.length - FRAME_HEADER_BYTES)
        expect(encode(decoded)).to.deep.equal(cut)
      }),
      { numRuns: 5000 },
    )
  })

  it('never throw, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodePeerFrame(bytes, 0, bytes.length, crc32)).to.be.oneOf(['short', 'checksum'])
      }),
    )
  })

  it('name what is wrong', () => {
    const zeros = (count: number): number[] => new Array<number>(count).fill(0)
    expect(decode(Uint8Array.of(5, 0, 0, 0, 1, 2, 3, 4))).to.equal('short')
    expect(decode(sealed(0x7f, []))).to.equal('unknown-type')
    expect(decode(sealed(peerFrames.ping.type, [1, 2, 3]))).to.equal('truncated')
    expect(decode(sealed(peerFrames.ping.type, [1, 2, 3, 4, 5]))).to.equal('surplus')
    expect(decode(sealed(peerFrames.hello.type, zeros(30)))).to.equal('magic')
    expect(decode(sealed(peerFrames.snapshotResult.type, [0, 0, 0, 0, 9]))).to.equal('range')
    expect(decode(sealed(peerFrames.answer.type, []))).to.equal('truncated')
  })

  it('reserve nothing for lists that their bytes cannot hold', () => {
    const framed = encode({ kind: 'raft', message: createMessage({ type: 'Append', from: 1, to: 2 }) })
    writeU32(framed, framed.length - 4, 0xffffffff)
    expect(decode(resealed(framed))).to.equal('truncated')
  })

  it('take a number that has no place as an invalid argument, and leave what was there', () => {
    const writer = new PeerFrameWriter(crc32)
    const frame: PeerFrame = { kind: 'ping', sequence: 7 }
    expect(writer.add(frame)).to.equal(PEER_FRAME_OVERHEAD_BYTES + 4)
    for (const term of [-1, 0.5, 2 ** 53, NaN]) {
      const message = createMessage({ type: 'Vote', from: 1, to: 2, term })
      expect(() => writer.add({ kind: 'raft', message }), `${term}`).to.throw(WalrusError, `"${term}"`)
    }
    expect(() => writer.add({ kind: 'ping', sequence: 2 ** 32 })).to.throw(WalrusError)
    expect(() =>
      writer.add({ kind: 'request', id: 1, requestKind: 2 ** 16, timeoutMs: 0, payload: new Uint8Array() }),
    ).to.throw(WalrusError)
    expect(() => writer.add({ kind: 'failure', id: 1, code: 'x'.repeat(256), message: '' })).to.throw(WalrusError)
    expect(writer.sizeBytes).to.equal(PEER_FRAME_OVERHEAD_BYTES + 4)
    expect(decode(writer.take())).to.deep.equal(frame)
  })

  it('collect in the order in which they were added, and start again after a take', () => {
    const writer = new PeerFrameWriter(crc32)
    writer.add({ kind: 'ping', sequence: 1 })
    const firstBytes = writer.sizeBytes
    writer.add({ kind: 'request', id: 1, requestKind: 2, timeoutMs: 3, payload: new Uint8Array(5000).fill(9) })
    const taken = writer.take()
    expect(decode(taken.subarray(0, firstBytes))).to.deep.equal({ kind: 'ping', sequence: 1 })
    expect(decode(taken.subarray(firstBytes))).to.have.property('kind', 'request')
    writer.add({ kind: 'ping', sequence: 2 })
    expect(decode(taken.subarray(0, firstBytes))).to.deep.equal({ kind: 'ping', sequence: 1 })
    expect(decode(writer.take())).to.deep.equal({ kind: 'ping', sequence: 2 })
    expect(writer.take()).to.have.length(0)
  })
})
