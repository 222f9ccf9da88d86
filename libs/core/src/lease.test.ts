import { expect } from 'chai'
import { decideLease, leaseHeld } from './lease.js'
import { sampleTopic } from './sample-topic.test.js'

const now = { quorumContactMs: 1000, leaseDurationMs: 500 }

describe('lease', () => {
  it('is granted to the leader of the open segment, under its epoch, for a time after the last quorum contact', () => {
    const topic = sampleTopic([10, 'open'])
    expect(decideLease(topic, { node: 2, ...now })).to.deep.equal({
      kind: 'granted',
      lease: { segment: 2, epoch: 2, expiresAtMs: 1500 },
    })
  })

  it('is refused to any other node, which learns who leads; the leader of a sealed segment is one of them', () => {
    const topic = sampleTopic([10, 'open'])
    expect(decideLease(topic, { node: 1, ...now })).to.deep.equal({ kind: 'not-leader', leader: 2 })
    expect(decideLease(topic, { node: 9, ...now })).to.deep.equal({ kind: 'not-leader', leader: 2 })
  })

  it('is refused to everybody while the segment recovers, its old leader too', () => {
    const topic = sampleTopic([10, 'recovering'])
    for (const node of [1, 2, 3]) expect(decideLease(topic, { node, ...now })).to.deep.equal({ kind: 'recovering' })
  })

  const lease = { segment: 2, epoch: 7, expiresAtMs: 1500 }
  const table: readonly [string, { segment: number; epoch: number }, number, boolean][] = [
    ['before its end', { segment: 2, epoch: 7 }, 1499, true],
    ['at its end', { segment: 2, epoch: 7 }, 1500, false],
    ['after its end', { segment: 2, epoch: 7 }, 9999, false],
    ['for the next segment', { segment: 3, epoch: 7 }, 1000, false],
    ['for the segment before', { segment: 1, epoch: 7 }, 1000, false],
    ['under a newer epoch', { segment: 2, epoch: 8 }, 1000, false],
    ['under an older epoch', { segment: 2, epoch: 6 }, 1000, false],
    ['at no time', { segment: 2, epoch: 7 }, Number.NaN, false],
  ]
  for (const [name, target, nowMs, held] of table) {
    it(`${name}: ${held ? 'held' : 'not held'}`, () => {
      expect(leaseHeld(lease, target, nowMs)).to.equal(held)
    })
  }

  it('is over when the contact is not a time', () => {
    const decision = decideLease(sampleTopic(['open']), { node: 1, quorumContactMs: Number.NaN, leaseDurationMs: 500 })
    if (decision.kind !== 'granted') throw new Error(decision.kind)
    expect(leaseHeld(decision.lease, decision.lease, 0)).to.equal(false)
  })
})
