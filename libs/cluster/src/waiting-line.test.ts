import { ManualClock } from '@walrus/testing'
import { expect } from 'chai'
import { range } from './node-harness.test.js'
import { WaitingLine } from './waiting-line.js'

describe('waiting line', () => {
  let clock: ManualClock
  let gaveUp: number[]
  let line: WaitingLine<number>

  beforeEach(() => {
    clock = new ManualClock()
    gaveUp = []
    line = new WaitingLine({ clock, timeoutMs: 100, giveUp: (item) => gaveUp.push(item) })
  })

  it('gives items out in the order they came, however many', () => {
    for (const item of range(0, 5000)) line.push(item)
    expect(range(0, 4000).map(() => line.shift())).to.deep.equal(range(0, 4000))
    line.push(5000)
    expect(line.first).to.equal(4000)
    expect(line.size).to.equal(1001)
    expect(line.takeAll()).to.deep.equal(range(4000, 5001))
    expect([line.size, line.first, line.shift()]).to.deep.equal([0, undefined, undefined])
  })

  it('gives up each item at its own deadline', () => {
    line.push(1)
    clock.advance(60)
    line.push(2)
    clock.advance(39)
    expect(gaveUp).to.deep.equal([])
    clock.advance(1)
    expect(gaveUp).to.deep.equal([1])
    clock.advance(60)
    expect(gaveUp).to.deep.equal([1, 2])
    expect([line.size, clock.timerCount]).to.deep.equal([0, 0])
  })

  it('gives up nobody who left in time, and serves newcomers with the same timer', () => {
    line.push(1)
    expect(line.shift()).to.equal(1)
    clock.advance(50)
    line.push(2)
    expect(clock.timerCount).to.equal(1)
    clock.advance(50)
    expect(gaveUp).to.deep.equal([])
    clock.advance(50)
    expect(gaveUp).to.deep.equal([2])
  })

  it('needs no timer once all have been taken', () => {
    line.push(1)
    line.takeAll()
    expect(clock.timerCount).to.equal(0)
    clock.advance(1000)
    expect(gaveUp).to.deep.equal([])
  })
})
