import { expect } from 'chai'
import fc from 'fast-check'
import { RequestLedger } from './request-ledger.js'

describe('RequestLedger', () => {
  it('counts every request until its answer, and releases from mark to mark', () => {
    const ledger = new RequestLedger()
    for (const bytes of [10, 20]) ledger.accepted(bytes)
    ledger.mark()
    ledger.accepted(300)
    ledger.mark()
    expect(ledger.pendingBytes(3)).to.equal(330)
    expect(ledger.pendingBytes(2), 'within the first piece').to.equal(330)
    expect(ledger.pendingBytes(1)).to.equal(300)
    expect(ledger.pendingBytes(0)).to.equal(0)
  })

  it('never says too few, and at most one piece too many', () => {
    const pieces = fc.array(fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(pieces, fc.nat(), (sizes, seed) => {
        const ledger = new RequestLedger()
        for (const piece of sizes) {
          for (const bytes of piece) ledger.accepted(bytes)
          ledger.mark()
        }
        const all = sizes.flat()
        const answeredCount = seed % (all.length + 1)
        const exact = sum(all.slice(answeredCount))
        const pending = ledger.pendingBytes(all.length - answeredCount)
        expect(pending).to.be.at.least(exact)
        expect(pending).to.be.at.most(exact + Math.max(...sizes.map(sum)))
      }),
    )
  })
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
