import { ManualClock } from '@walrus/testing'
import { expect } from 'chai'
import { Sweep } from './sweep.js'

describe('sweep', () => {
  let clock: ManualClock
  let looks: number
  let sweep: Sweep<number>

  beforeEach(() => {
    clock = new ManualClock({ autoDefer: true })
    looks = 0
  })
  afterEach(() => sweep.stop())

  function start(count: number, workMs: number): void {
    const items = () => Array.from({ length: count }, (_, at) => at)
    const look = (at: number): void => {
      looks += 1
      if (at === 0) clock.advance(workMs)
    }
    sweep = new Sweep({ clock, intervalMs: 100, items, look })
  }

  it('looks at a thousand at once, at the others a little later, and then rests', () => {
    start(1_500, 0)
    expect(looks).to.equal(1_000)
    clock.advance(1)
    expect(looks).to.equal(1_500)
    clock.advance(99)
    expect(looks).to.equal(1_500)
    clock.advance(1)
    expect(looks).to.equal(2_500)
  })

  it('rests a hundred times as long as looking took', () => {
    start(10, 20)
    clock.advance(1_999)
    expect(looks).to.equal(10)
    clock.advance(1)
    expect(looks).to.equal(20)
  })

  it('looks no more once it is stopped', () => {
    start(10, 0)
    sweep.stop()
    clock.advance(1_000)
    expect(looks).to.equal(10)
  })
})
