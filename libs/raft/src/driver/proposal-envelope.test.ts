import { expect } from 'chai'
import { commandOf, envelopeBytes, ownSequence, sealProposal } from './proposal-envelope.js'

const id = { proposer: 2 ** 40 + 1, incarnation: 2 ** 32 - 1, sequence: 2 ** 31 }

describe('envelope of a proposal', () => {
  it('gives the command back, be it empty', () => {
    for (const command of [Uint8Array.of(), Uint8Array.of(1, 2, 3)]) {
      expect([...(commandOf(sealProposal(id, command)) ?? [9])]).to.deep.equal([...command])
    }
  })

  it('is known again by its proposer in the same life only', () => {
    const data = sealProposal(id, Uint8Array.of(7))
    expect(ownSequence(data, id.proposer, id.incarnation)).to.equal(id.sequence)
    expect(ownSequence(data, id.proposer + 1, id.incarnation)).to.equal(undefined)
    expect(ownSequence(data, id.proposer, id.incarnation - 1)).to.equal(undefined)
  })

  it('is no envelope when it is too short', () => {
    expect(commandOf(new Uint8Array(envelopeBytes - 1))).to.equal(undefined)
  })
})
