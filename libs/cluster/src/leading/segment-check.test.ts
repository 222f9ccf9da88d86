import type { SegmentMetadata } from '@walrus/core'
import { expect } from 'chai'
import { checkSegment, type SegmentVerdict, type StoredSegment } from './segment-check.js'

const open: SegmentMetadata = {
  id: 2,
  baseOffset: 10,
  leader: 1,
  replicas: [1],
  epoch: 3,
  createdEpoch: 3,
  state: 'open',
  ackQuorum: 1,
  entryCount: 0,
  controlCount: 0,
}
const sealed: SegmentMetadata = { ...open, state: 'sealed', entryCount: 5 }
const stored: StoredSegment = { baseOffset: 10, epoch: 3, entryCount: 5, sealed: false }

describe('what storage and metadata say together', () => {
  const cases: [string, SegmentMetadata, StoredSegment | undefined, SegmentVerdict['kind']][] = [
    ['open and stored', open, stored, 'ready'],
    ['open, nothing stored', open, undefined, 'absent'],
    ['open, and sealed in storage', open, { ...stored, sealed: true }, 'to-roll'],
    ['open, at another base offset', open, { ...stored, baseOffset: 9 }, 'damaged'],
    ['open, under another epoch', open, { ...stored, epoch: 2 }, 'damaged'],
    ['sealed in both', sealed, { ...stored, sealed: true }, 'ready'],
    ['sealed, and open in storage', sealed, stored, 'to-seal'],
    ['sealed, with entries beyond the count', sealed, { ...stored, entryCount: 6, sealed: true }, 'damaged'],
    ['sealed, with entries missing', sealed, { ...stored, entryCount: 4 }, 'damaged'],
    ['sealed, and gone', sealed, undefined, 'damaged'],
    ['sealed when it was empty, never stored', { ...sealed, entryCount: 0 }, undefined, 'absent'],
    ['sealed, at another base offset', sealed, { ...stored, baseOffset: 11 }, 'damaged'],
  ]
  for (const [name, segment, log, kind] of cases) {
    it(`${name}: ${kind}`, () => expect(checkSegment(segment, log).kind).to.equal(kind))
  }

  it('says both numbers', () => {
    const verdict = checkSegment(sealed, { ...stored, entryCount: 6 })
    expect(verdict).to.include({ reason: 'its entry count is stored as 6 and was decided as 5' })
  })
})
