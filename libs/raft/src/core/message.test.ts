import { expect } from 'chai'
import { entriesOf } from '../testing/node-fixture.js'
import { createMessage, isLocalType, isResponseType, isWellFormed, mustFollowStorage } from './message.js'

describe('message', () => {
  it('has every field, whatever its type', () => {
    const fields = Object.keys(createMessage({ type: 'Append', to: 2, index: 5, entries: entriesOf([1]) }))
    expect(Object.keys(createMessage({ type: 'TimeoutNow', to: 2 }))).to.deep.equal(fields)
  })

  it('is well formed when its entries continue the one before them', () => {
    const append = { type: 'Append', to: 1, term: 3, index: 4, logTerm: 2 } as const
    const cases: readonly (readonly [string, ReturnType<typeof entriesOf>, boolean])[] = [
      ['nothing', [], true],
      ['the next ones', entriesOf([2, 3], 5), true],
      ['a gap', entriesOf([2], 6), false],
      ['an overlap', entriesOf([2], 4), false],
      ['a term that falls', entriesOf([1], 5), false],
      ['a term above the leader', entriesOf([4], 5), false],
      ['a gap inside', [...entriesOf([2], 5), ...entriesOf([2], 7)], false],
    ]
    for (const [what, entries, fine] of cases) {
      expect(isWellFormed(createMessage({ ...append, entries })), what).to.equal(fine)
    }
  })

  it('waits for storage when it promises something', () => {
    for (const type of ['AppendResponse', 'VoteResponse', 'PreVoteResponse'] as const) {
      expect(mustFollowStorage(type), type).to.equal(true)
    }
    for (const type of ['Append', 'Vote', 'Heartbeat', 'HeartbeatResponse', 'Snapshot'] as const) {
      expect(mustFollowStorage(type), type).to.equal(false)
    }
  })

  it('is known to be of the own storage, or an answer', () => {
    expect(isLocalType('StorageAppendResponse')).to.equal(true)
    expect(isLocalType('AppendResponse')).to.equal(false)
    expect(isResponseType('HeartbeatResponse')).to.equal(true)
    expect(isResponseType('Heartbeat')).to.equal(false)
  })
})
