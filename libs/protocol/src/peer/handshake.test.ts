import { expect } from 'chai'
import { crc32 } from '../crc32.js'
import { readU16, writeU16, writeU32 } from '../little-endian.js'
import { HANDSHAKE_FRAME_BYTES_MAX, isClusterId, REFUSAL_REASON_CHARACTERS_MAX, type Hello } from './handshake.js'
import { decodePeerFrame, encodePeerFrame, type PeerFrame } from './peer-frames.js'

const VERSION_AT = 13

const greeting: Hello = { kind: 'hello', purpose: 'raft', nodeId: 1, expectedNodeId: 2, clusterId: 'blue' }

function encode(frame: PeerFrame): Uint8Array {
  return encodePeerFrame(frame, crc32)
}

function decode(framed: Uint8Array) {
  return decodePeerFrame(framed, 4, framed.length, crc32)
}

function withVersion(frame: PeerFrame, version: number): Uint8Array {
  const framed = encode(frame)
  writeU16(framed, VERSION_AT, version)
  writeU32(framed, 4, crc32(framed.subarray(8)))
  return framed
}

describe('peer handshake', () => {
  it('begins with these bytes', () => {
    const hello = Buffer.from(encode(greeting))
    expect(hello.toString('hex')).to.equal(
      '21000000' +
        'bdeb9c29' +
        '01' +
        '57504545' +
        '0100' +
        '01' +
        '0100000000000000' +
        '0200000000000000' +
        '04626c7565',
    )
  })

  it('tells another version from another protocol', () => {
    expect(decode(withVersion(greeting, 2))).to.equal('version')
    expect(decode(withVersion({ kind: 'welcome', nodeId: 1, clusterId: '' }, 0))).to.equal('version')
  })

  it('lets a refusal of any version be read', () => {
    const refusal = { kind: 'refusal', cause: 'version', reason: 'this node speaks version 9' } as const
    const framed = withVersion(refusal, 9)
    expect(readU16(framed, VERSION_AT)).to.equal(9)
    expect(decode(framed)).to.deep.equal(refusal)
  })

  it('cuts a reason that is too long', () => {
    const refusal = { kind: 'refusal', cause: 'node', reason: '\u{20ac}'.repeat(1000) } as const
    const framed = encode(refusal)
    expect(framed.length).to.be.at.most(HANDSHAKE_FRAME_BYTES_MAX)
    expect(decode(framed)).to.deep.equal({ ...refusal, reason: '\u{20ac}'.repeat(REFUSAL_REASON_CHARACTERS_MAX) })
  })

  it('knows what may be the id of a cluster', () => {
    for (const good of ['', 'a', 'x'.repeat(64), '6ba7b810-9dad-11d1-80b4-00c04fd430c8']) {
      expect(isClusterId(good), good).to.equal(true)
    }
    for (const bad of ['x'.repeat(65), 'a b', 'a\n', '\u{e9}']) {
      expect(isClusterId(bad), bad).to.equal(false)
      expect(decode(encode({ ...greeting, clusterId: bad })), bad).to.equal('range')
    }
  })
})
