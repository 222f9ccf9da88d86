import { expect } from 'chai'
import { systemClock } from './system-clock.js'

describe('system clock', () => {
  const clock = systemClock()

  it('tells the time of day, and a time that only grows', () => {
    expect(Math.abs(clock.wallMs() - Date.now())).to.be.lessThan(60_000)
    const first = clock.monotonicMs()
    expect(clock.monotonicMs()).to.be.at.least(first)
  })

  it('defers a task until its caller and all promises are through', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      clock.defer(() => {
        order.push('deferred')
        resolve()
      })
      void Promise.resolve().then(() => order.push('promise'))
      order.push('caller')
    })
    expect(order).to.deep.equal(['caller', 'promise', 'deferred'])
  })

  it('fires a timer, not before its time, and not a cancelled one', async () => {
    const fired: string[] = []
    const startMs = clock.monotonicMs()
    clock.after(1, () => fired.push('cancelled')).cancel()
    const keepAlive = setTimeout(() => undefined, 10_000)
    await new Promise<void>((resolve) => void clock.after(20, resolve))
    clearTimeout(keepAlive)
    expect(clock.monotonicMs() - startMs).to.be.at.least(19)
    expect(fired).to.deep.equal([])
  })

  it('waits for a deadline that is further away than the timers of the system reach', async () => {
    let fired = false
    const timer = clock.after(2 ** 40, () => (fired = true))
    await new Promise((resolve) => setTimeout(resolve, 10))
    timer.cancel()
    expect(fired).to.equal(false)
  })
})
