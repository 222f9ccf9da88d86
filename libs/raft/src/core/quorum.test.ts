import { expect } from 'chai'
import fc from 'fast-check'
import { jointIndex, jointVote, majorityIndex, majorityVote, type VoteResult } from './quorum.js'

const voterSet = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 9 })
const indexes = fc.dictionary(fc.constantFrom(...'123456789'), fc.integer({ min: 0, max: 12 }))
const votes = fc.dictionary(fc.constantFrom(...'123456789'), fc.boolean())

describe('quorum', () => {
  it('finds the index that a majority holds, as counting does', () => {
    fc.assert(
      fc.property(voterSet, indexes, (voters, byId) => {
        const acknowledged = (id: number) => byId[id] ?? 0
        expect(majorityIndex(voters, acknowledged)).to.equal(countedIndex(voters, acknowledged))
      }),
    )
  })

  it('commits in a joint configuration only what both halves hold', () => {
    fc.assert(
      fc.property(voterSet, voterSet, indexes, (voters, votersOutgoing, byId) => {
        const acknowledged = (id: number) => byId[id] ?? 0
        const both = Math.min(countedIndex(voters, acknowledged), countedIndex(votersOutgoing, acknowledged))
        expect(jointIndex({ voters, votersOutgoing }, acknowledged)).to.equal(both)
        expect(jointIndex({ voters: votersOutgoing, votersOutgoing: voters }, acknowledged)).to.equal(both)
      }),
    )
  })

  it('decides an election exactly when the missing votes cannot change it', () => {
    fc.assert(
      fc.property(voterSet, votes, (voters, byId) => {
        const cast = new Map(Object.entries(byId).map(([id, vote]) => [Number(id), vote]))
        expect(majorityVote(voters, cast)).to.equal(enumeratedVote(voters, cast))
      }),
      { numRuns: 300 },
    )
  })

  it('needs both halves to win, and loses with either', () => {
    const results: readonly (readonly [string, string, VoteResult])[] = [
      ['yyy', 'yyy', 'won'],
      ['yyy', 'n__', 'pending'],
      ['yyy', 'nn_', 'lost'],
      ['nn_', 'yyy', 'lost'],
      ['y__', 'n__', 'pending'],
      ['nn_', 'nn_', 'lost'],
    ]
    for (const [incoming, outgoing, result] of results) {
      const cast = new Map([...votesOf(incoming, 1), ...votesOf(outgoing, 4)])
      expect(jointVote({ voters: [1, 2, 3], votersOutgoing: [4, 5, 6] }, cast), `${incoming} ${outgoing}`).to.equal(
        result,
      )
    }
  })

  it('lets a voter in both halves count in both', () => {
    const both = { voters: [1, 2], votersOutgoing: [2, 3] }
    expect(jointVote(both, new Map([[2, true]]))).to.equal('pending')
    expect(jointVote(both, new Map([[2, false]]))).to.equal('lost')
  })
})

function countedIndex(voters: readonly number[], acknowledged: (id: number) => number): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY
  const candidates = [0, ...voters.map(acknowledged)]
  return Math.max(
    ...candidates.filter((one) => voters.filter((id) => acknowledged(id) >= one).length * 2 > voters.length),
  )
}

function enumeratedVote(voters: readonly number[], cast: ReadonlyMap<number, boolean>): VoteResult {
  const wins = (yes: number) => yes * 2 > voters.length
  const yes = voters.filter((id) => cast.get(id) === true).length
  const missing = voters.filter((id) => !cast.has(id)).length
  if (voters.length === 0 || wins(yes)) return 'won'
  return wins(yes + missing) ? 'pending' : 'lost'
}

function votesOf(text: string, first: number): (readonly [number, boolean])[] {
  return [...text].flatMap((char, at) => (char === '_' ? [] : [[first + at, char === 'y'] as const]))
}
