import { expect } from 'chai'
import fc from 'fast-check'
import { type SingleChange } from './conf-change.js'
import {
  changeMembership,
  changeSimply,
  enterJoint,
  isJoint,
  leaveJoint,
  restoreMembership,
  sameConfState,
  type Membership,
  type MembershipResult,
} from './membership.js'
import { emptyConfState, type ConfState } from './types.js'

const start = { lastIndex: 10, limits: { messages: 3, bytes: 100 } }
const nobody: Membership = { confState: emptyConfState, progress: new Map() }

const oneChange = fc.record<SingleChange>({
  type: fc.constantFrom('addVoter', 'addLearner', 'remove', 'update'),
  id: fc.integer({ min: 1, max: 5 }),
})
const someChanges = fc.array(oneChange, { minLength: 1, maxLength: 4 })

function changed(result: MembershipResult): Membership {
  if (result.kind === 'refused') throw new Error(`refused: ${result.reason}`)
  return result.membership
}

function reasonOf(result: MembershipResult): string {
  return result.kind === 'refused' ? result.reason : 'changed'
}

function membershipOf(confState: Partial<ConfState>): Membership {
  return changed(restoreMembership({ ...emptyConfState, ...confState }, start))
}

describe('membership', () => {
  it('comes back from its own description after any sequence of changes', () => {
    const steps = fc.array(fc.record({ changes: someChanges, how: fc.constantFrom('auto', 'explicit', 'leave') }))
    fc.assert(
      fc.property(steps, (sequence) => {
        let membership = membershipOf({ voters: [1] })
        for (const { changes, how } of sequence) {
          const change =
            how === 'leave'
              ? { transition: 'auto' as const, changes: [] }
              : { transition: how === 'auto' ? ('auto' as const) : ('explicit' as const), changes }
          const result = changeMembership(membership, change, start)
          if (result.kind === 'changed') membership = result.membership
          const restored = changed(restoreMembership(membership.confState, start))
          expect(sameConfState(restored.confState, membership.confState)).to.equal(true)
          expect([...restored.progress.keys()].sort()).to.deep.equal([...membership.progress.keys()].sort())
          for (const id of membership.confState.learners) expect(membership.progress.get(id)?.isLearner).to.equal(true)
        }
      }),
    )
  })

  it('changes no more than one voter without a joint configuration', () => {
    fc.assert(
      fc.property(someChanges, (changes) => {
        const before = membershipOf({ voters: [1, 2, 3], learners: [4] })
        const result = changeSimply(before, changes, start)
        if (result.kind === 'refused') return
        const after = new Set(result.membership.confState.voters)
        const gone = before.confState.voters.filter((id) => !after.has(id)).length
        expect(gone + after.size - (before.confState.voters.length - gone)).to.be.at.most(1)
      }),
    )
  })

  it('comes to the same through a joint configuration as directly', () => {
    fc.assert(
      fc.property(someChanges, (changes) => {
        const before = membershipOf({ voters: [1, 2, 3], learners: [4] })
        const direct = changeSimply(before, changes, start)
        if (direct.kind === 'refused') return
        const through = changed(leaveJoint(changed(enterJoint(before, changes, false, start))))
        expect(through.confState).to.deep.equal(direct.membership.confState)
      }),
    )
  })

  it('leaves what it came from alone', () => {
    const before = membershipOf({ voters: [1, 2, 3] })
    const copy = structuredClone(before.confState)
    const progress = before.progress.get(3)!
    changed(enterJoint(before, [{ type: 'addLearner', id: 3 }], true, start))
    changed(changeSimply(before, [{ type: 'addLearner', id: 3 }], start))
    expect(before.confState).to.deep.equal(copy)
    expect(progress.isLearner).to.equal(false)
  })

  it('demotes an outgoing voter only when the joint configuration is left', () => {
    const joint = changed(enterJoint(membershipOf({ voters: [1, 2, 3] }), [{ type: 'addLearner', id: 3 }], true, start))
    expect(joint.confState).to.deep.include({
      voters: [1, 2],
      votersOutgoing: [1, 2, 3],
      learners: [],
      learnersNext: [3],
    })
    expect(joint.progress.get(3)!.isLearner).to.equal(false)
    const left = changed(leaveJoint(joint))
    expect(left.confState).to.deep.include({ voters: [1, 2], learners: [3], learnersNext: [], autoLeave: false })
    expect(left.progress.get(3)!.isLearner).to.equal(true)
  })

  it('forgets who is nothing any more, but not before the joint configuration is left', () => {
    const joint = changed(enterJoint(membershipOf({ voters: [1, 2, 3] }), [{ type: 'remove', id: 3 }], true, start))
    expect(joint.progress.has(3)).to.equal(true)
    expect(changed(leaveJoint(joint)).progress.has(3)).to.equal(false)
  })

  it('counts a new member as active, and probes it from the end of the log', () => {
    const { progress } = changed(changeSimply(membershipOf({ voters: [1] }), [{ type: 'addVoter', id: 2 }], start))
    expect(progress.get(2)).to.deep.include({ state: 'probe', match: 0, next: 10, recentActive: true })
  })

  it('keeps what is known about a member that is promoted', () => {
    const before = membershipOf({ voters: [1], learners: [2] })
    before.progress.get(2)!.match = 7
    const { progress } = changed(changeSimply(before, [{ type: 'addVoter', id: 2 }], start))
    expect(progress.get(2)).to.deep.include({ match: 7, isLearner: false })
  })

  it('says why it refuses', () => {
    const plain = membershipOf({ voters: [1, 2] })
    const joint = changed(enterJoint(plain, [{ type: 'addVoter', id: 3 }], false, start))
    expect(isJoint(joint.confState)).to.equal(true)
    expect(reasonOf(enterJoint(joint, [], false, start))).to.equal('already-joint')
    expect(reasonOf(changeSimply(joint, [], start))).to.equal('joint-needs-leaving')
    expect(reasonOf(leaveJoint(plain))).to.equal('not-joint')
    expect(reasonOf(enterJoint(nobody, [{ type: 'addVoter', id: 1 }], false, start))).to.equal('no-voters-to-join')
    const all: readonly SingleChange[] = [1, 2].map((id) => ({ type: 'remove', id }))
    expect(reasonOf(enterJoint(plain, all, false, start))).to.equal('all-voters-removed')
    const two: readonly SingleChange[] = [3, 4].map((id) => ({ type: 'addVoter', id }))
    expect(reasonOf(changeSimply(plain, two, start))).to.equal('several-voters-changed')
  })

  it('ignores a change of nobody, and an update', () => {
    const before = membershipOf({ voters: [1, 2] })
    const after = changed(
      changeSimply(
        before,
        [
          { type: 'remove', id: 0 },
          { type: 'update', id: 9 },
        ],
        start,
      ),
    )
    expect(after.confState).to.deep.equal(before.confState)
    expect(after.progress.has(9)).to.equal(false)
  })

  it('cannot be restored from a description that contradicts itself', () => {
    const overlapping: ConfState = { ...emptyConfState, voters: [1, 2], learners: [2] }
    const result = restoreMembership(overlapping, start)
    expect(result.kind === 'changed' && sameConfState(result.membership.confState, overlapping)).to.equal(false)
  })
})
