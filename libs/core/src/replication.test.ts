import { expect } from 'chai'
import fc from 'fast-check'
import { ackQuorum, recoveryQuorum } from './ack-quorum.js'
import type { AckPolicy } from './metadata/model.js'
import { committedPosition, decideRecovery, decideReplicate, wholeCopies, type CopyReport } from './replication.js'

const policies: readonly AckPolicy[] = ['leader', 'quorum', 'all']

describe('ack quorum', () => {
  it('is the leader, a majority or every copy', () => {
    const quorums = policies.map((ack) => [1, 2, 3, 4, 5, 7].map((copies) => ackQuorum(copies, ack)))
    expect(quorums).to.deep.equal([
      [1, 1, 1, 1, 1, 1],
      [1, 2, 2, 3, 3, 4],
      [1, 2, 3, 4, 5, 7],
    ])
  })

  it('meets each recovery quorum in a replica, unless the policy asks for one copy only', () => {
    for (let copies = 1; copies <= 16; copies += 1) {
      for (let quorum = 2; quorum <= copies; quorum += 1) {
        expect(quorum + recoveryQuorum(copies, quorum)).to.be.above(copies)
      }
    }
    expect([1, 2, 3, 5].map((copies) => recoveryQuorum(copies, 1))).to.deep.equal([1, 2, 2, 3])
  })
})

describe('replication', () => {
  it('commits what a quorum holds', () => {
    expect(committedPosition([9, 4, 7], 1)).to.equal(9)
    expect(committedPosition([9, 4, 7], 2)).to.equal(7)
    expect(committedPosition([9, 4, 7], 3)).to.equal(4)
    expect(committedPosition([9], 2)).to.equal(0)
  })

  it('never commits more than that many copies have', () => {
    const positions = fc.array(fc.nat(50), { minLength: 1, maxLength: 7 })
    fc.assert(
      fc.property(positions, fc.integer({ min: 1, max: 7 }), (durable, quorum) => {
        const committed = committedPosition(durable, quorum)
        const holders = durable.filter((position) => position >= committed).length
        expect(committed === 0 || holders >= quorum).to.equal(true)
        const farther = durable.filter((position) => position > committed).length
        expect(farther).to.be.below(quorum)
      }),
    )
  })

  it('takes the next stretch of an epoch that is not older than it has seen', () => {
    const copy = { epoch: 5, position: 100 }
    expect(decideReplicate(copy, { epoch: 5, position: 100 })).to.deep.equal({ kind: 'append' })
    expect(decideReplicate(copy, { epoch: 6, position: 100 })).to.deep.equal({ kind: 'append' })
    expect(decideReplicate(copy, { epoch: 4, position: 100 })).to.deep.equal({ kind: 'stale', epoch: 5 })
    expect(decideReplicate(copy, { epoch: 5, position: 99 })).to.deep.equal({ kind: 'gap', position: 100 })
    expect(decideReplicate(copy, { epoch: 5, position: 101 })).to.deep.equal({ kind: 'gap', position: 100 })
  })
})

describe('recovery of a segment', () => {
  const segment = { replicas: [1, 2, 3], ackQuorum: 2 }

  it('waits until it has heard enough of its replicas', () => {
    expect(decideRecovery(segment, [])).to.deep.equal({ kind: 'wait', missing: 2 })
    expect(decideRecovery(segment, [copy(1, 10)])).to.deep.equal({ kind: 'wait', missing: 1 })
    expect(decideRecovery(segment, [copy(1, 10), copy(4, 99)])).to.deep.equal({ kind: 'wait', missing: 1 })
  })

  it('ends it at the longest copy, control batches counted', () => {
    const reports = [copy(1, 10, 1), copy(2, 10, 2)]
    expect(decideRecovery(segment, reports)).to.deep.equal({ kind: 'seal', source: reports[1], copies: 2 })
  })

  it('counts nothing of a copy that is left over from a deleted topic', () => {
    const reports = [copy(1, 99, 0, 3), copy(2, 4, 0, 7), copy(3, 0, 0, 0)]
    expect(decideRecovery(segment, reports)).to.deep.equal({ kind: 'seal', source: reports[1], copies: 2 })
    expect(wholeCopies(reports[1]!, reports)).to.deep.equal([2])
  })

  it('knows who needs nothing more', () => {
    const reports = [copy(1, 10, 2), copy(2, 11, 1), copy(3, 11, 0)]
    expect(wholeCopies(reports[0]!, reports)).to.deep.equal([1, 2])
  })

  it('loses nothing that a quorum held, whoever is missing', () => {
    const world = fc.record({
      replicas: fc.integer({ min: 1, max: 7 }),
      lengths: fc.array(fc.nat(20), { minLength: 7, maxLength: 7 }),
      heard: fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7]),
      ack: fc.constantFrom<AckPolicy>('quorum', 'all'),
    })
    fc.assert(
      fc.property(world, ({ replicas: count, lengths, heard, ack }) => {
        const replicas = Array.from({ length: count }, (_, index) => index + 1)
        const quorum = ackQuorum(count, ack)
        const acknowledged = committedPosition(lengths.slice(0, count), quorum)
        const reports = heard.filter((node) => node <= count).map((node) => copy(node, lengths[node - 1]!))
        const decision = decideRecovery({ replicas, ackQuorum: quorum }, reports)
        if (decision.kind === 'seal') expect(decision.source.entryCount).to.be.at.least(acknowledged)
        else expect(reports.length).to.be.below(recoveryQuorum(count, quorum))
      }),
    )
  })
})

function copy(node: number, entryCount: number, controlCount = 0, createdEpoch = 1): CopyReport {
  return { node, createdEpoch, entryCount, controlCount }
}
