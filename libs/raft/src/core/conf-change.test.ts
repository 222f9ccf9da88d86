import { expect } from 'chai'
import fc from 'fast-check'
import {
  decodeConfChange,
  encodeConfChange,
  entersJoint,
  leaveJointChange,
  leavesAutomatically,
  leavesJoint,
  parseConfChange,
  type ConfChange,
} from './conf-change.js'
import { RaftError } from './errors.js'

const anyChange = fc.record({
  transition: fc.constantFrom('auto' as const, 'implicit' as const, 'explicit' as const),
  changes: fc.array(
    fc.record({
      type: fc.constantFrom('addVoter' as const, 'addLearner' as const, 'remove' as const, 'update' as const),
      id: fc.maxSafeNat(),
    }),
  ),
})

describe('membership change', () => {
  it('comes back from its bytes', () => {
    fc.assert(
      fc.property(anyChange, (change) => {
        expect(decodeConfChange(encodeConfChange(change))).to.deep.equal(change)
      }),
    )
  })

  it('that leaves a joint configuration needs no bytes, so that no limit can refuse it', () => {
    expect(encodeConfChange(leaveJointChange).length).to.equal(0)
  })

  it('is refused when the bytes are not its own', () => {
    const good = encodeConfChange({ transition: 'auto', changes: [{ type: 'addVoter', id: 5 }] })
    const bad = [
      Uint8Array.of(1),
      Uint8Array.of(9, 0),
      Uint8Array.of(1, 3),
      good.subarray(0, 5),
      good.with(2, 4),
      good.with(10, 255),
    ]
    for (const bytes of bad) expect(parseConfChange(bytes), String(bytes)).to.equal(undefined)
    expect(() => decodeConfChange(Uint8Array.of(9, 9)))
      .to.throw(RaftError)
      .with.property('code', 'RAFT_MALFORMED_CONF_CHANGE')
  })

  it('goes through a joint configuration when it has several parts or asks for it', () => {
    const one = { type: 'addVoter', id: 1 } as const
    const cases: readonly (readonly [ConfChange, boolean, boolean])[] = [
      [{ transition: 'auto', changes: [one] }, false, false],
      [{ transition: 'auto', changes: [one, one] }, true, false],
      [{ transition: 'implicit', changes: [one] }, true, false],
      [{ transition: 'explicit', changes: [one] }, true, false],
      [{ transition: 'auto', changes: [] }, false, true],
      [{ transition: 'explicit', changes: [] }, true, false],
    ]
    for (const [change, enters, leaves] of cases) {
      expect([entersJoint(change), leavesJoint(change)], JSON.stringify(change)).to.deep.equal([enters, leaves])
    }
    expect(leavesAutomatically({ transition: 'explicit', changes: [] })).to.equal(false)
    expect(leavesAutomatically({ transition: 'implicit', changes: [] })).to.equal(true)
  })
})
