import { expect } from 'chai'
import fc from 'fast-check'
import { decideRollover, type RolloverDecision, type SegmentLimits, type TailStatus } from './rollover.js'

const limits: SegmentLimits = { segmentEntriesMax: 10, segmentBytesMax: 1000, segmentAgeMsMax: 60_000 }
const tail: TailStatus = { leaseHeld: true, drained: false, entryCount: 5, sizeBytes: 500, ageMs: 1000 }

describe('rollover', () => {
  const keep: RolloverDecision = { kind: 'keep' }
  const table: readonly [string, Partial<TailStatus>, Partial<SegmentLimits>, RolloverDecision][] = [
    ['below every limit', {}, {}, keep],
    ['one entry below', { entryCount: 9 }, {}, keep],
    ['full of entries', { entryCount: 10 }, {}, { kind: 'drain', reason: 'entries' }],
    ['over-full', { entryCount: 64 }, {}, { kind: 'drain', reason: 'entries' }],
    ['full, drained', { entryCount: 10, drained: true }, {}, { kind: 'seal', reason: 'entries', sealedEntryCount: 10 }],
    ['drained to fewer than full (a commit failed)', { entryCount: 9, drained: true }, {}, keep],
    ['full, no lease', { entryCount: 10, leaseHeld: false }, {}, keep],
    ['full, drained, no lease', { entryCount: 10, drained: true, leaseHeld: false }, {}, keep],
    ['one byte below', { sizeBytes: 999 }, {}, keep],
    ['full of bytes', { sizeBytes: 1000 }, {}, { kind: 'drain', reason: 'bytes' }],
    ['bytes, drained', { sizeBytes: 1000, drained: true }, {}, { kind: 'seal', reason: 'bytes', sealedEntryCount: 5 }],
    ['too young', { ageMs: 59_999 }, {}, keep],
    ['old', { ageMs: 60_000 }, {}, { kind: 'drain', reason: 'age' }],
    ['old, drained', { ageMs: 60_000, drained: true }, {}, { kind: 'seal', reason: 'age', sealedEntryCount: 5 }],
    ['old where age is no reason', { ageMs: 1e12 }, { segmentAgeMsMax: 0 }, keep],
    ['clock went back', { ageMs: -5 }, {}, keep],
    ['empty, full of topic state', { entryCount: 0, sizeBytes: 5000 }, {}, keep],
    ['empty and old', { entryCount: 0, ageMs: 60_000 }, {}, keep],
    ['one entry a segment', { entryCount: 1 }, { segmentEntriesMax: 1 }, { kind: 'drain', reason: 'entries' }],
  ]
  for (const [name, status, bounds, decision] of table) {
    it(`${name}: ${decision.kind}`, () => {
      expect(decideRollover({ ...tail, ...status }, { ...limits, ...bounds })).to.deep.equal(decision)
    })
  }

  it('seals only a drained tail under a lease, at exactly its count', () => {
    const tails = fc.record<TailStatus>({
      leaseHeld: fc.boolean(),
      drained: fc.boolean(),
      entryCount: fc.nat(20),
      sizeBytes: fc.nat(2000),
      ageMs: fc.nat(120_000),
    })
    fc.assert(
      fc.property(tails, (status) => {
        const decision = decideRollover(status, limits)
        if (decision.kind !== 'seal') return
        expect(status).to.include({ leaseHeld: true, drained: true, entryCount: decision.sealedEntryCount })
      }),
    )
  })
})
