import type { StoredEntry } from '@walrus/core'
import { expect } from 'chai'
import { problemList, turnsOfTheLoop } from './harness.test.js'
import { TopicCursor } from './topic-cursor.js'
import type { Topic } from './topic.js'

interface HeldCommit {
  readonly offset: () => number
  readonly settle: (error?: Error) => void
}

/** A topic of so many entries whose cursor commits wait until the test settles them. */
class HeldTopic {
  endOffset: number
  committed = 0
  readonly startOffset = 0
  readCount = 0
  readonly commits: HeldCommit[] = []
  /** What reads wait for. */
  readable: Promise<void> = Promise.resolve()

  constructor(entryCount: number) {
    this.endOffset = entryCount
  }

  cursorOffset(): number {
    return this.committed
  }

  async read(offset: number, limits: { readonly maxEntries: number }): Promise<readonly StoredEntry[]> {
    this.readCount++
    await this.readable
    const count = Math.max(0, Math.min(limits.maxEntries, this.endOffset - offset))
    return Array.from({ length: count }, (_, nth) => ({
      offset: offset + nth,
      timestampMs: 0,
      data: new Uint8Array(10),
    }))
  }

  commitCursor(_name: string, offset: () => number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        if (error) return reject(error)
        try {
          this.committed = offset()
          resolve()
        } catch (thrown) {
          reject(thrown)
        }
      }
      this.commits.push({ offset, settle })
    })
  }

  async settleNext(error?: Error): Promise<void> {
    this.commits.shift()?.settle(error)
    await turnsOfTheLoop(1)
  }

  cursor(persistEvery: number, onProblem: (error: Error) => void = () => undefined): TopicCursor {
    const strict = { kind: 'StrictlyAtOnce' } as const
    const consistency = persistEvery === 0 ? strict : ({ kind: 'AtLeastOnce', persistEvery } as const)
    return new TopicCursor(this as unknown as Topic, 'shared', consistency, onProblem)
  }
}

/** Follows a read: the offset it got, or why it failed. */
function follow(read: Promise<StoredEntry | undefined>): { outcome: number | string | undefined } {
  const followed: { outcome: number | string | undefined } = { outcome: 'waits' }
  read.then(
    (entry) => (followed.outcome = entry?.offset),
    (error: Error) => (followed.outcome = error.message),
  )
  return followed
}

describe('topic cursor, strictly at once', () => {
  it('delivers an entry only when the position behind it is committed', async () => {
    const topic = new HeldTopic(10)
    const read = follow(topic.cursor(0).next(true))
    await turnsOfTheLoop(1)
    expect([read.outcome, topic.commits.map(({ offset }) => offset())]).to.deep.equal(['waits', [1]])
    await topic.settleNext()
    expect(read.outcome).to.equal(0)
  })

  it('gives each of many readers another entry', async () => {
    const topic = new HeldTopic(10)
    const cursor = topic.cursor(0)
    const reads = Array.from({ length: 4 }, () => follow(cursor.next(true)))
    await turnsOfTheLoop(1)
    expect(topic.readCount, 'they share what is read ahead').to.equal(1)
    while (topic.commits.length > 0) await topic.settleNext()
    expect(reads.map(({ outcome }) => outcome)).to.deep.equal([0, 1, 2, 3])
  })

  it('hands out again what a failed commit held back', async () => {
    const topic = new HeldTopic(10)
    const cursor = topic.cursor(0)
    const reads = [follow(cursor.next(true)), follow(cursor.next(true))]
    await turnsOfTheLoop(1)
    await topic.settleNext()
    await topic.settleNext(new Error('disk full'))
    expect(reads.map(({ outcome }) => outcome)).to.deep.equal([0, 'disk full'])
    const again = follow(cursor.next(true))
    await turnsOfTheLoop(1)
    await topic.settleNext()
    expect(again.outcome).to.equal(1)
  })

  it('fails later positions with the one that failed, so that nothing is skipped and nothing comes twice', async () => {
    const topic = new HeldTopic(10)
    const cursor = topic.cursor(0)
    const early = follow(cursor.next(true))
    const late = follow(cursor.next(true))
    await turnsOfTheLoop(1)
    await topic.settleNext(new Error('disk full'))
    const again = follow(cursor.next(true))
    await turnsOfTheLoop(1)
    await topic.settleNext()
    expect([early.outcome, late.outcome, topic.committed]).to.deep.equal(['disk full', 'disk full', 0])
    await topic.settleNext()
    expect([again.outcome, topic.committed]).to.deep.equal([0, 1])
    const next = follow(cursor.next(true))
    await turnsOfTheLoop(1)
    await topic.settleNext()
    expect(next.outcome).to.equal(1)
  })

  it('forgets what was being read ahead when the cursor went back meanwhile', async () => {
    const topic = new HeldTopic(1)
    const cursor = topic.cursor(0)
    const early = follow(cursor.next(true))
    await turnsOfTheLoop(1)
    topic.endOffset = 3
    let goOn: () => void = () => undefined
    topic.readable = new Promise((resolve) => (goOn = resolve))
    const late = follow(cursor.next(true))
    await topic.settleNext(new Error('disk full'))
    goOn()
    await turnsOfTheLoop(1)
    await topic.settleNext()
    expect([early.outcome, late.outcome]).to.deep.equal(['disk full', 0])
  })

  it('looks without moving, and does not commit for it', async () => {
    const topic = new HeldTopic(3)
    const cursor = topic.cursor(0)
    expect([(await cursor.next(false))?.offset, (await cursor.next(false))?.offset]).to.deep.equal([0, 0])
    expect(await cursor.nextBatch({ maxEntries: 0, maxBytes: 100 }, true)).to.deep.equal([])
    expect([topic.commits.length, cursor.unreadCount]).to.deep.equal([0, 3])
  })

  it('is at the end when all is delivered, and goes on when more comes', async () => {
    const topic = new HeldTopic(0)
    const cursor = topic.cursor(0)
    expect(await cursor.next(true)).to.equal(undefined)
    topic.endOffset = 1
    const read = follow(cursor.next(true))
    await turnsOfTheLoop(1)
    await topic.settleNext()
    expect([read.outcome, await cursor.next(true)]).to.deep.equal([0, undefined])
  })
})

describe('topic cursor, at least once', () => {
  it('delivers at once, and commits when so many were delivered', async () => {
    const topic = new HeldTopic(10)
    const cursor = topic.cursor(3)
    const offsets = [await cursor.next(true), await cursor.next(true)].map((entry) => entry?.offset)
    expect([offsets, topic.commits.length]).to.deep.equal([[0, 1], 0])
    expect((await cursor.next(true))?.offset).to.equal(2)
    expect(topic.commits.map(({ offset }) => offset())).to.deep.equal([3])
  })

  it('waits before more than that would be delivered again', async () => {
    const topic = new HeldTopic(10)
    const cursor = topic.cursor(3)
    for (let nth = 0; nth < 3; nth++) await cursor.next(true)
    const reads = [follow(cursor.next(true)), follow(cursor.next(true))]
    await turnsOfTheLoop(1)
    expect(reads.map(({ outcome }) => outcome)).to.deep.equal(['waits', 'waits'])
    expect(topic.commits, 'one commit is under way').to.have.length(1)
    await topic.settleNext()
    expect(reads.map(({ outcome }) => outcome)).to.deep.equal([3, 4])
  })

  it('never commits a position behind what it has handed out', async () => {
    const topic = new HeldTopic(10)
    const cursor = topic.cursor(1)
    await cursor.next(true)
    follow(cursor.next(true))
    await turnsOfTheLoop(1)
    expect(topic.commits.map(({ offset }) => offset())).to.deep.equal([1])
  })

  it('delivers a batch whole, though it is larger', async () => {
    const topic = new HeldTopic(10)
    const cursor = topic.cursor(3)
    expect(await cursor.nextBatch({ maxEntries: 5, maxBytes: 1000 }, true)).to.have.length(5)
    expect(topic.commits.map(({ offset }) => offset())).to.deep.equal([5])
  })

  it('tells of a failed commit, tries it again, and meanwhile delivers no more', async () => {
    const { problems, onProblem } = problemList()
    const topic = new HeldTopic(10)
    const cursor = topic.cursor(2, onProblem)
    for (let nth = 0; nth < 2; nth++) await cursor.next(true)
    await topic.settleNext(new Error('disk full'))
    expect(problems).to.deep.equal(['disk full'])
    const failing = follow(cursor.next(true))
    await turnsOfTheLoop(1)
    await topic.settleNext(new Error('disk full still'))
    expect(failing.outcome).to.equal('disk full still')
    const read = follow(cursor.next(true))
    await turnsOfTheLoop(1)
    await topic.settleNext()
    expect(read.outcome).to.equal(2)
  })

  it('commits the rest when it is flushed, once', async () => {
    const topic = new HeldTopic(10)
    const cursor = topic.cursor(5)
    await cursor.next(true)
    const flushed = cursor.flush()
    await turnsOfTheLoop(1)
    await topic.settleNext()
    await flushed
    await cursor.flush()
    expect([topic.committed, topic.commits.length]).to.deep.equal([1, 0])
  })
})
