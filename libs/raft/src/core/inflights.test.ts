import { expect } from 'chai'
import fc from 'fast-check'
import { Inflights } from './inflights.js'
import { InvariantViolation } from './invariant.js'

describe('in-flight window', () => {
  it('behaves like a plain list, whatever is added and freed', () => {
    const action = fc.record({ free: fc.boolean(), step: fc.integer({ min: 1, max: 40 }), bytes: fc.nat(20) })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), fc.integer({ min: 1, max: 30 }), (actions, messages) => {
        const limits = { messages, bytes: 150 }
        const inflights = new Inflights(limits)
        let list: { index: number; bytes: number }[] = []
        let next = 1
        for (const { free, step, bytes } of actions) {
          const sum = list.reduce((total, one) => total + one.bytes, 0)
          const full = list.length >= limits.messages || sum >= limits.bytes
          expect(inflights.full).to.equal(full)
          expect(inflights.count).to.equal(list.length)
          if (free || full) {
            const upTo = next - step
            inflights.freeUpTo(upTo)
            list = list.filter((one) => one.index > upTo)
          } else {
            inflights.add(next, bytes)
            list.push({ index: next, bytes })
            next += step
          }
        }
      }),
    )
  })

  it('is full at the limit of bytes, but takes the message that reaches it', () => {
    const inflights = new Inflights({ messages: 10, bytes: 100 })
    inflights.add(1, 60)
    expect(inflights.full).to.equal(false)
    inflights.add(2, 1_000)
    expect(inflights.full).to.equal(true)
    inflights.freeUpTo(1)
    expect(inflights.full).to.equal(true)
    inflights.freeUpTo(2)
    expect(inflights.full).to.equal(false)
  })

  it('refuses what does not fit', () => {
    const inflights = new Inflights({ messages: 1, bytes: Number.POSITIVE_INFINITY })
    inflights.add(1, 0)
    expect(() => inflights.add(2, 0)).to.throw(InvariantViolation)
  })

  it('frees nothing for an old acknowledgement, and everything when cleared', () => {
    const inflights = new Inflights({ messages: 10, bytes: 100 })
    inflights.add(5, 50)
    inflights.add(9, 50)
    inflights.freeUpTo(4)
    expect(inflights.count).to.equal(2)
    inflights.clear()
    expect(inflights.count).to.equal(0)
    expect(inflights.full).to.equal(false)
  })
})
