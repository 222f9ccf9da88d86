import { ManualClock, MemoryLogStorage } from '@walrus/testing'
import { WalrusError, type LogStorage } from '@walrus/core'
import { expect } from 'chai'
import { bytesOf, failureOf, textsOf, turnsOfTheLoop } from './harness.test.js'
import { Topic } from './topic.js'

const UNLIMITED = { maxEntries: 1000, maxBytes: 1 << 20 }

/** Of every segment of the topic: its id, where it starts, what it holds, and whether it is sealed. */
function segmentsOf(storage: MemoryLogStorage): string[] {
  return [...storage.segments()].map(
    (log) => `${log.segment}@${log.baseOffset}+${log.entryCount}${log.sealed ? ' sealed' : ''}`,
  )
}

describe('topic', () => {
  let storage: MemoryLogStorage

  beforeEach(() => {
    storage = new MemoryLogStorage()
  })

  const topicOf = (segmentBytesMax = 30): Topic =>
    new Topic('logs', [...storage.segments()].reverse(), {
      storage,
      segmentBytesMax,
      clock: new ManualClock(),
      retention: {},
      onProblem: (error) => expect.fail(error.message),
    })

  it('starts with an empty segment, at offset 0', async () => {
    const topic = topicOf()
    expect([topic.startOffset, topic.endOffset, topic.sizeBytes, topic.cursorOffset('shared')]).to.deep.equal([
      0, 0, 0, 0,
    ])
    expect(await topic.read(0, UNLIMITED)).to.deep.equal([])
    expect(segmentsOf(storage)).to.deep.equal(['1@0+0'])
  })

  it('seals a segment that is full, and goes on in the next, where the offsets go on', async () => {
    const topic = topicOf()
    for (let nth = 0; nth < 7; nth++) expect(await topic.append(bytesOf(`0123456789-${nth}`))).to.equal(nth)
    expect(segmentsOf(storage)).to.deep.equal(['1@0+3 sealed', '2@3+3 sealed', '3@6+1'])
    expect([topic.endOffset, topic.sizeBytes]).to.deep.equal([7, 84])
  })

  it('keeps the order of all that is called while a segment is replaced, cursors too', async () => {
    const topic = topicOf()
    for (let nth = 0; nth < 3; nth++) await topic.append(bytesOf(`0123456789-${nth}`))
    const calls = [
      topic.append(bytesOf('a')),
      topic.appendBatch([bytesOf('b'), bytesOf('c')]),
      topic.commitCursor('shared', () => 2),
      topic.append(bytesOf('d')),
    ]
    const [first, batch, , last] = await Promise.all(calls)
    expect([first, batch, last]).to.deep.equal([3, { firstOffset: 4, lastOffset: 5 }, 6])
    expect(topic.cursorOffset('shared')).to.equal(2)
    expect(storage.segment({ topic: 'logs', segment: 2 })?.topicState.cursors.get('shared')).to.equal(2)
    expect(textsOf(await topic.read(3, UNLIMITED))).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('keeps what the caller passed, though it waits and the caller goes on with the buffer', async () => {
    const topic = topicOf(5)
    await topic.append(bytesOf('full now'))
    const entry = bytesOf('before')
    const appended = topic.append(entry)
    entry.fill(0)
    await appended
    expect(textsOf(await topic.read(1, UNLIMITED))).to.deep.equal(['before'])
  })

  it('reads across segments, from any offset, while the limits hold', async () => {
    const topic = topicOf()
    for (let nth = 0; nth < 7; nth++) await topic.append(bytesOf(`0123456789-${nth}`))
    const read = async (offset: number, limits = UNLIMITED): Promise<number[]> =>
      (await topic.read(offset, limits)).map((entry) => entry.offset)
    expect([await read(0), await read(2), await read(6), await read(7)]).to.deep.equal([
      ...[[0, 1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6], [6], []],
    ])
    expect(await read(1, { maxEntries: 4, maxBytes: 1000 })).to.deep.equal([1, 2, 3, 4])
    expect(await read(1, { maxEntries: 10, maxBytes: 36 })).to.deep.equal([1, 2, 3])
    expect(await read(1, { maxEntries: 10, maxBytes: 35 })).to.deep.equal([1, 2])
    expect(await read(2, { maxEntries: 10, maxBytes: 1 })).to.deep.equal([2])
  })

  it('goes on where it was, whether the last segment was sealed or not', async () => {
    for (const sealed of [false, true]) {
      storage = new MemoryLogStorage()
      const topic = topicOf(1000)
      await topic.append(bytesOf('a'))
      await topic.commitCursor('shared', () => 1)
      if (sealed) await storage.segment({ topic: 'logs', segment: 1 })?.seal()
      const again = topicOf(1000)
      expect(await again.append(bytesOf('b'))).to.equal(1)
      expect(again.cursorOffset('shared')).to.equal(1)
      expect(segmentsOf(storage)).to.deep.equal(sealed ? ['1@0+1 sealed', '2@1+1'] : ['1@0+2'])
    }
  })

  it('starts at the oldest entry that is kept', async () => {
    const topic = topicOf()
    for (let nth = 0; nth < 7; nth++) await topic.append(bytesOf(`0123456789-${nth}`))
    await storage.remove({ topic: 'logs', segment: 1 })
    const again = topicOf()
    expect([again.startOffset, again.endOffset, again.cursorOffset('shared')]).to.deep.equal([3, 7, 3])
    expect((await again.read(0, UNLIMITED))[0]?.offset).to.equal(3)
  })

  it('says that a segment in the middle is missing, and reads the others', async () => {
    const topic = topicOf()
    for (let nth = 0; nth < 7; nth++) await topic.append(bytesOf(`0123456789-${nth}`))
    await storage.remove({ topic: 'logs', segment: 2 })
    const again = topicOf()
    const failure = await failureOf(again.read(4, UNLIMITED))
    expect([failure.code, failure.message]).to.deep.equal([
      ...['CORRUPT_DATA', 'Cannot read offset 4 of topic "logs": its segment is missing'],
    ])
    expect((await again.read(6, UNLIMITED))[0]?.offset).to.equal(6)
  })

  it('rejects what waits when a segment cannot be replaced, and tries again with the next call', async () => {
    let failing = false
    const commit = async (): Promise<void> => {
      if (failing) throw new WalrusError('DISK_FULL', 'Cannot write "logs": no space')
      await turnsOfTheLoop(1)
    }
    storage = new MemoryLogStorage(new Map(), { commit })
    const topic = topicOf(5)
    await topic.append(bytesOf('full now'))
    failing = true
    const waiting: Promise<unknown>[] = [topic.append(bytesOf('a')), topic.appendBatch([bytesOf('b')])]
    waiting.push(topic.commitCursor('shared', () => 1))
    for (const call of waiting) expect((await failureOf(call)).code).to.equal('DISK_FULL')
    failing = false
    await topic.commitCursor('shared', () => 1)
    expect(topic.cursorOffset('shared')).to.equal(1)
    expect(await topic.append(bytesOf('b'))).to.equal(1)
  })

  it('gives a cursor that is committed after a failed replacement the reason of the next one', async () => {
    let failing = false
    const commit = async (): Promise<void> => {
      if (failing) throw new WalrusError('DISK_FULL', 'Cannot write "logs": no space')
    }
    storage = new MemoryLogStorage(new Map(), { commit })
    const topic = topicOf(5)
    await topic.append(bytesOf('full now'))
    failing = true
    expect((await failureOf(topic.append(bytesOf('a')))).code).to.equal('DISK_FULL')
    expect((await failureOf(topic.commitCursor('shared', () => 1))).code).to.equal('DISK_FULL')
    failing = false
    await topic.commitCursor('shared', () => 1)
    expect(topic.cursorOffset('shared')).to.equal(1)
  })

  it('drains what waits, too', async () => {
    const topic = topicOf(5)
    await topic.append(bytesOf('full now'))
    let done = 0
    const calls = [1, 2, 3].map(() => topic.append(bytesOf('next')).then(() => done++))
    await topic.drain()
    await turnsOfTheLoop(1)
    expect(done).to.equal(3)
    await Promise.all(calls)
  })

  it('asks for a cursor position only when it joins the log, and commits none when there is none', async () => {
    const topic = topicOf(1000)
    const refusal = new WalrusError('STORAGE_CLOSED', 'gone')
    const throwing = (): number => {
      throw refusal
    }
    expect(await failureOf(topic.commitCursor('shared', throwing))).to.equal(refusal)
    expect(topic.cursorOffset('shared')).to.equal(0)
  })

  it('lets nobody write on while the segment before the last that was dropped is still being removed', async () => {
    let remove: () => void = () => undefined
    const removal = new Promise<void>((resolve) => (remove = resolve))
    const slow: LogStorage = {
      segments: () => storage.segments(),
      segment: (key) => storage.segment(key),
      create: (segment) => storage.create(segment),
      remove: () => removal,
      close: () => storage.close(),
    }
    const topic = new Topic('logs', [], {
      storage: slow,
      segmentBytesMax: 10,
      clock: new ManualClock(),
      retention: { bytes: 160 },
      onProblem: (error) => expect.fail(error.message),
    })
    let written = 0
    const writing = (async () => {
      for (; written < 40; written++) await topic.append(bytesOf('0123456789'))
    })()
    await turnsOfTheLoop(200)
    expect(written).to.be.within(10, 20)
    remove()
    await writing
    expect(topic.sizeBytes).to.be.at.most(170)
  })
})
