import { expect } from 'chai'
import { isTakeMark, noTakeMark, takeMark, takenRange } from './take-mark.js'
import { topicNameFault } from './topic-name.js'

describe('what a topic remembers of a take', () => {
  const take = { node: 2, slot: 3, number: 7 }

  it('is the answer to that question, and to no other', () => {
    const cursors = new Map([['shared', 12], ...takeMark(take, { from: 9, to: 12 })])
    expect(takenRange(cursors, take)).to.deep.equal({ from: 9, to: 12 })
    for (const other of [{ node: 1 }, { slot: 4 }, { number: 8 }])
      expect(takenRange(cursors, { ...take, ...other })).to.equal(undefined)
  })

  it('is gone once the slot is cleared, or has the next question', () => {
    const cursors = new Map(takeMark(take, { from: 9, to: 12 }))
    for (const [name, value] of noTakeMark(take)) cursors.set(name, value)
    expect(takenRange(cursors, take)).to.equal(undefined)
    for (const [name, value] of takeMark({ ...take, number: 8 }, { from: 12, to: 13 })) cursors.set(name, value)
    expect(takenRange(cursors, take)).to.equal(undefined)
  })

  it('has names that no cursor of a user can have', () => {
    for (const [name] of takeMark(take, { from: 0, to: 1 })) {
      expect(isTakeMark(name)).to.equal(true)
      expect(topicNameFault(name)).to.be.a('string')
    }
    expect(isTakeMark('shared')).to.equal(false)
  })
})
