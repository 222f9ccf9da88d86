import type { CommitTicket, EncodedBatch, SegmentKey } from '@walrus/core'
import { ManualClock } from '@walrus/testing'
import { expect } from 'chai'
import fc from 'fast-check'
import { firstEnough } from './first-enough.js'
import { QuorumTicket } from './quorum-ticket.js'
import { RepairQueue } from './repair-queue.js'
import { turns } from './replication-harness.test.js'
import { SendWindow } from './send-window.js'
import { stretchesOf } from './stretches.js'
import { Sweep } from './sweep.js'
import { UncommittedLine } from './uncommitted-line.js'

describe('stretches', () => {
  it('hold every batch once, in order, and no more bytes than they may', () => {
    const sizes = fc.array(fc.nat(50), { maxLength: 20 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 100 }), (lengths, bytesMax) => {
        const batches = lengths.map((length, position) => batchOf(position, length))
        const stretches = stretchesOf(batches, bytesMax)
        expect(stretches.flat()).to.deep.equal(batches)
        for (const stretch of stretches) {
          const bytes = stretch.reduce((sum, batch) => sum + batch.bytes.length, 0)
          expect(stretch.length === 1 || bytes <= bytesMax).to.equal(true)
        }
      }),
    )
  })
})

describe('the send window', () => {
  it('forgets what everybody has sent, and the oldest of what is too much', () => {
    const window = new SendWindow(0, 25)
    for (const position of [0, 1, 2, 3]) window.add({ position, end: position + 1, payload: new Uint8Array(10) })
    const kept = (): number[] => [0, 1, 2, 3].filter((position) => window.at(position) !== undefined)
    window.forget({ sentByAll: 0, onDisk: 0 })
    expect(kept()).to.deep.equal([0, 1, 2, 3])
    window.forget({ sentByAll: 0, onDisk: 4 })
    expect(kept()).to.deep.equal([2, 3])
    window.forget({ sentByAll: 3, onDisk: 4 })
    expect([kept(), window.end]).to.deep.equal([[3], 4])
  })
})

describe('the line of the uncommitted', () => {
  it('gives up what waits too long, once, and keeps its place', () => {
    const clock = new ManualClock()
    const givenUp: QuorumTicket[] = []
    const line = new UncommittedLine({ clock, timeoutMs: 100, giveUp: (ticket) => givenUp.push(ticket) })
    const tickets = [1, 2, 3].map((end) => new QuorumTicket(committedAt(end)))
    line.push(tickets[0]!)
    clock.advance(60)
    line.push(tickets[1]!)
    clock.advance(60)
    expect([givenUp, line.hasPending, line.isEmpty]).to.deep.equal([[tickets[0]], true, false])
    expect(line.takeCommitted(1)).to.deep.equal([tickets[0]])
    line.push(tickets[2]!)
    clock.advance(1_000)
    expect([givenUp, line.hasPending]).to.deep.equal([tickets, false])
    expect(line.takeCommitted(3)).to.deep.equal(tickets.slice(1))
    expect([line.isEmpty, clock.timerCount]).to.deep.equal([true, 0])
  })

  it('takes only what is on this disk, and in order', () => {
    const line = new UncommittedLine({ clock: new ManualClock(), timeoutMs: 100, giveUp: () => undefined })
    const pending = { ...committedAt(0), state: 'pending' } as CommitTicket
    const tickets = [new QuorumTicket(committedAt(1)), new QuorumTicket(pending), new QuorumTicket(committedAt(2))]
    for (const ticket of tickets) line.push(ticket)
    expect(line.takeCommitted(9)).to.deep.equal([tickets[0]])
    expect(line.takeCommitted(9)).to.deep.equal([])
    expect(line.takeAll().map(({ ticket }) => ticket)).to.deep.equal(tickets.slice(1))
  })
})

describe('the first that are enough', () => {
  it('are taken in the order in which they come, and others are not waited for', async () => {
    const never = new Promise<number>(() => undefined)
    const later = turns(3).then(() => 2)
    const found = await firstEnough([never, later, Promise.resolve(1)], (values) => values.length === 2)
    expect(found).to.deep.equal([1, 2])
  })

  it('may be too few in the end', async () => {
    expect(await firstEnough([Promise.reject(new Error('no')), Promise.resolve(1)], () => false)).to.deep.equal([1])
    expect(await firstEnough([], () => false)).to.deep.equal([])
  })
})

describe('the repair queue', () => {
  it('works on so many at once, on each by one piece of work at a time', async () => {
    const running = new Set<number>()
    const done: number[] = []
    let most = 0
    const queue = new RepairQueue(2, async ({ segment }) => {
      expect(running.has(segment)).to.equal(false)
      running.add(segment)
      most = Math.max(most, running.size)
      await turns(2)
      running.delete(segment)
      done.push(segment)
    })
    for (const segment of [1, 1, 2, 3, 4, 1]) queue.add(keyOf(segment))
    await turns(20)
    expect([most, done.sort()]).to.deep.equal([2, [1, 1, 2, 3, 4]])
  })

  it('drops what waits when it is closed', async () => {
    const done: number[] = []
    const queue = new RepairQueue(1, async ({ segment }) => {
      await turns(2)
      done.push(segment)
    })
    queue.add(keyOf(1))
    queue.add(keyOf(2))
    await queue.close()
    queue.add(keyOf(3))
    await turns(5)
    expect(done).to.deep.equal([1])
  })
})

describe('a sweep', () => {
  it('sees all there is again and again, and never very much at once', () => {
    const clock = new ManualClock()
    let seen = 0
    const items = Array.from({ length: 2_500 }, (_, at) => at)
    const sweep = new Sweep({ clock, intervalMs: 1_000, items: () => items, look: () => (seen += 1) })
    expect(seen).to.equal(1_000)
    clock.advance(10)
    expect(seen).to.equal(2_500)
    clock.advance(2_500)
    expect(seen).to.be.at.least(7_000)
    sweep.stop()
    expect(clock.timerCount).to.equal(0)
  })
})

function batchOf(position: number, length: number): EncodedBatch {
  return { position, entryCount: 1, firstIndex: position, bytes: new Uint8Array(length) }
}

function committedAt(endPosition: number): CommitTicket {
  const ticket: CommitTicket = {
    firstOffset: endPosition - 1,
    lastOffset: endPosition - 1,
    endPosition,
    state: 'committed',
    error: undefined,
    onSettled: (listener) => listener(ticket),
    done: () => Promise.resolve(),
  }
  return ticket
}

function keyOf(segment: number): SegmentKey {
  return { topic: 'logs', segment }
}
