import { WalrusError } from '@walrus/core'
import { createMessage, emptyConfState, entryBytes, type Message } from '@walrus/raft'
import { expect } from 'chai'
import { crc32 } from '../crc32.js'
import { decodePeerFrame, encodePeerFrame } from './peer-frames.js'

function encode(message: Message): Uint8Array {
  return encodePeerFrame({ kind: 'raft', message }, crc32)
}

function decode(framed: Uint8Array) {
  return decodePeerFrame(framed, 4, framed.length, crc32)
}

describe('messages of Raft as bytes', () => {
  it('lie there as the format says', () => {
    const message = createMessage({
      type: 'Append',
      from: 1,
      to: 2,
      term: 3,
      logTerm: 4,
      index: 5,
      commit: 6,
      rejectHint: 7,
      context: 8,
      entries: [{ term: 3, index: 6, type: 'confChangeV2', data: Uint8Array.of(0xaa, 0xbb) }],
    })
    const u64 = (value: number): string => `0${value}00000000000000`
    const fields = [1, 2, 3, 4, 5, 6, 7, 8].map(u64).join('')
    const entry = u64(3) + u64(6) + '02' + '02000000' + 'aabb'
    const body = Buffer.from(encode(message)).toString('hex').slice(16)
    expect(body).to.equal('10' + '02' + '00' + fields + '01000000' + entry)
  })

  it('of the own storage are for nobody else', () => {
    for (const type of ['StorageAppendResponse', 'StorageApplyResponse'] as const) {
      const message = createMessage({ type, from: 1, to: 2 })
      expect(() => encode(message), type).to.throw(WalrusError, type)
    }
  })

  it('come from somebody and go to somebody', () => {
    expect(decode(encode(createMessage({ type: 'Vote', from: 0, to: 2 })))).to.equal('range')
    expect(decode(encode(createMessage({ type: 'Vote', from: 1, to: 0 })))).to.equal('range')
  })

  it('name members in ascending order, each once', () => {
    for (const voters of [[2, 1], [1, 1], [0]]) {
      const snapshot = { index: 1, term: 1, confState: { ...emptyConfState, voters }, data: new Uint8Array() }
      const message = createMessage({ type: 'Snapshot', from: 1, to: 2, snapshot })
      expect(decode(encode(message)), voters.join()).to.equal('range')
    }
  })

  it('take up no more for an entry than the core reckons', () => {
    const entry = { term: 1, index: 1, type: 'normal', data: new Uint8Array(100) } as const
    const bare = createMessage({ type: 'Append', from: 1, to: 2 })
    const growthBytes = encode({ ...bare, entries: [entry] }).length - encode(bare).length
    expect(growthBytes).to.be.at.most(entryBytes(entry))
  })
})
