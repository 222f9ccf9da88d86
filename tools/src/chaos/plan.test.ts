import { expect } from 'chai'
import { planRounds, type Fault, type Round } from './plan.js'

describe('the plan of chaos', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(rounds(7, 5, 50)).to.deep.equal(rounds(7, 5, 50))
    expect(rounds(7, 5, 50)).to.not.deep.equal(rounds(8, 5, 50))
  })

  it('has every kind of fault, alone and beside others', () => {
    const all = rounds(1, 5, 100)
    const kinds = new Set(all.flatMap(({ faults }) => faults.map(({ fault }) => fault.kind)))
    expect([...kinds].sort()).to.deep.equal(
      ['kill', 'pause', 'partition', 'one-way', 'bridge', 'slow-links', 'disk-full', 'replace'].sort(),
    )
    expect(new Set(all.map(({ faults }) => faults.length))).to.deep.equal(new Set([1, 2, 3]))
  })

  it('replaces a node only when nothing else happens, and all are up', () => {
    const replacing = rounds(2, 5, 200).filter(({ faults }) => faults.some(({ fault }) => fault.kind === 'replace'))
    expect(replacing).to.not.have.length(0)
    for (const { faults, settled } of replacing) expect([faults.length, settled]).to.deep.equal([1, true])
  })

  for (const seatCount of [3, 5, 7]) {
    it(`gives a process to one fault at a time, and leaves a majority together (${seatCount} nodes)`, () => {
      for (let seed = 0; seed < 50; seed += 1) {
        for (const { faults } of rounds(seed, seatCount, 20)) {
          const ownSeats = faults.flatMap(({ fault }) => (isOfProcess(fault) ? [fault.seat] : []))
          expect(new Set(ownSeats).size).to.equal(ownSeats.length)
          for (const { fault } of faults) expectMinority(fault, seatCount)
        }
      }
    })
  }
})

function rounds(seed: number, seatCount: number, count: number): Round[] {
  const plan = planRounds(seed, seatCount)
  return Array.from({ length: count }, () => plan.next().value)
}

function isOfProcess(fault: Fault): fault is Extract<Fault, { kind: 'kill' | 'pause' | 'disk-full' | 'replace' }> {
  return ['kill', 'pause', 'disk-full', 'replace'].includes(fault.kind)
}

function expectMinority(fault: Fault, seatCount: number): void {
  const side = 'side' in fault ? fault.side : 'silent' in fault ? fault.silent : [0]
  expect(side.length).to.be.within(1, (seatCount - 1) / 2)
  if (fault.kind === 'bridge') expect(fault.side).to.not.include(fault.bridge)
  for (const seat of side) expect(seat).to.be.within(0, seatCount - 1)
}
