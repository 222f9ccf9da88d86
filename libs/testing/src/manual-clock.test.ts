import { expect } from 'chai'
import { ManualClock } from './manual-clock.js'

describe('manual clock', () => {
  it('stands still until it is moved', () => {
    const clock = new ManualClock({ wallMs: 1000 })
    expect([clock.wallMs(), clock.monotonicMs()]).to.deep.equal([1000, 0])
    clock.advance(250)
    expect([clock.wallMs(), clock.monotonicMs()]).to.deep.equal([1250, 250])
  })

  it('jumps on the wall without aging', () => {
    const clock = new ManualClock({ wallMs: 1000 })
    clock.jumpWall(-600)
    expect([clock.wallMs(), clock.monotonicMs()]).to.deep.equal([400, 0])
  })

  it('runs deferred tasks in order when told, and what they defer the next time', () => {
    const clock = new ManualClock()
    const ran: string[] = []
    clock.defer(() => {
      ran.push('a')
      clock.defer(() => ran.push('c'))
    })
    clock.defer(() => ran.push('b'))
    expect([ran.length, clock.deferredCount]).to.deep.equal([0, 2])
    expect([clock.runDeferred(), ran.join('')]).to.deep.equal([2, 'ab'])
    expect([clock.runDeferred(), ran.join('')]).to.deep.equal([1, 'abc'])
    expect(clock.runDeferred()).to.equal(0)
  })

  it('runs deferred tasks by itself in auto mode, not before the caller has returned', async () => {
    const clock = new ManualClock({ autoDefer: true })
    let returned = false
    const ran = new Promise<boolean>((resolve) => clock.defer(() => resolve(returned)))
    returned = true
    expect(await ran).to.equal(true)
  })

  it('fires timers at their deadlines, in order, ties as they were set', () => {
    const clock = new ManualClock()
    const fired: string[] = []
    const set = (name: string, milliseconds: number) =>
      clock.after(milliseconds, () => fired.push(`${name}@${clock.monotonicMs()}`))
    set('late', 30)
    set('first', 10)
    set('second', 10)
    set('never', 41)
    clock.advance(9)
    expect(fired).to.deep.equal([])
    clock.advance(31)
    expect(fired).to.deep.equal(['first@10', 'second@10', 'late@30'])
    expect([clock.monotonicMs(), clock.timerCount]).to.deep.equal([40, 1])
  })

  it('fires a timer that another one sets on the way', () => {
    const clock = new ManualClock()
    const firedMs: number[] = []
    const again = () => {
      firedMs.push(clock.monotonicMs())
      clock.after(10, again)
    }
    clock.after(10, again)
    clock.advance(35)
    expect(firedMs).to.deep.equal([10, 20, 30])
  })

  it('does not fire a cancelled timer', () => {
    const clock = new ManualClock()
    let fired = 0
    const timer = clock.after(10, () => (fired += 1))
    timer.cancel()
    timer.cancel()
    clock.advance(20)
    expect([fired, clock.timerCount]).to.deep.equal([0, 0])
  })
})
