import { EMPTY_TOPIC_STATE, type BlockFileDirectory, type NewSegment, type SegmentLog } from '@walrus/core'
import { failNth, FaultyDisk, randomBelow, seededRandom, stopAtBoundary } from '@walrus/testing'
import { expect } from 'chai'
import { ENTRY_BYTES_MAX } from './append-checks.js'
import {
  bytesOf,
  failureOf,
  openStorage,
  problemList,
  SMALL,
  surroundings,
  textsOf,
  thrownCode,
  turnsOfTheLoop,
} from '../harness.test.js'
import { openLogStorage, type LogStorageOptions, type SegmentStore } from './segment-store.js'

const UNLIMITED = { maxEntries: 10_000, maxBytes: 1 << 24 }
const KEY = { topic: 'logs', segment: 1 }
const NEW: NewSegment = { ...KEY, baseOffset: 0, epoch: 1, topicState: EMPTY_TOPIC_STATE }
const loseAll = (): number => 0.999999

async function append(log: SegmentLog, ...texts: string[]): Promise<void> {
  await Promise.all(texts.map((text) => log.append(bytesOf(text)).done()))
}

async function entriesOf(storage: SegmentStore, key = KEY): Promise<string[] | undefined> {
  const log = storage.segment(key)
  return log && textsOf(await log.read(0, UNLIMITED))
}

/** A directory that its users cannot close: what is open stays open, and what is not synced stays so. */
function unclosable(directory: BlockFileDirectory): BlockFileDirectory {
  return Object.create(directory, {
    path: { value: directory.path },
    list: { value: () => directory.list() },
    create: { value: (name: string, sizeBytes: number) => directory.create(name, sizeBytes) },
    open: { value: (name: string) => directory.open(name) },
    remove: { value: (name: string) => directory.remove(name) },
    close: { value: () => Promise.resolve() },
  }) as BlockFileDirectory
}

/** What a crash does to the un-synced sectors, in the order in which they were written first. */
function eachSector(...fates: readonly ('lost' | 'kept')[]): () => number {
  let nth = 0
  return () => (fates[nth++ % fates.length] === 'kept' ? 0 : 0.999999)
}

describe('log storage: segments', () => {
  it('adds an empty segment, of which nothing is on disk before its first commit', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk)
    const log = storage.create(NEW)
    expect(log).to.include({
      topic: 'logs',
      segment: 1,
      baseOffset: 0,
      epoch: 1,
      sealed: false,
      entryCount: 0,
      sizeBytes: 0,
    })
    expect(await log.read(0, UNLIMITED)).to.deep.equal([])
    await turnsOfTheLoop(2)
    expect(disk.boundaryCount).to.equal(0)
    expect([...storage.segments()]).to.deep.equal([log])
  })

  it('refuses a key that exists, and a name that no topic has', async () => {
    const storage = await openStorage(new FaultyDisk())
    storage.create(NEW)
    expect(thrownCode(() => storage.create(NEW))).to.equal('INVALID_ARGUMENT')
    for (const topic of ['', 'a/b', 'x'.repeat(201)])
      expect(thrownCode(() => storage.create({ ...NEW, topic }))).to.equal('INVALID_TOPIC')
  })

  it('refuses an epoch that no batch has room for', async () => {
    const storage = await openStorage(new FaultyDisk())
    expect(thrownCode(() => storage.create({ ...NEW, epoch: 2 ** 32 }))).to.equal('INVALID_ARGUMENT')
    expect(storage.create({ ...NEW, epoch: 2 ** 32 - 1 })).to.have.property('epoch', 2 ** 32 - 1)
    await storage.close()
  })

  it('has all of it after a restart: entries, offsets, epoch, time, state', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk)
    const topicState = { cursors: new Map([['shared', 40]]), producers: new Map([[7, 3]]) }
    const log = storage.create({ ...NEW, segment: 4, baseOffset: 1000, epoch: 9, topicState })
    await append(log, 'a', 'b')
    await log.commitCursor('other', 1001).done()
    const { createdMs, sizeBytes } = log
    await storage.close()
    const again = (await openStorage(disk)).segment({ topic: 'logs', segment: 4 })!
    expect(again).to.include({ baseOffset: 1000, epoch: 9, createdMs, sizeBytes, entryCount: 2, sealed: false })
    expect([...again.topicState.cursors]).to.deep.equal([
      ['shared', 40],
      ['other', 1001],
    ])
    expect([...again.topicState.producers]).to.deep.equal([[7, 3]])
    expect((await again.read(0, UNLIMITED)).map(({ offset }) => offset)).to.deep.equal([1000, 1001])
  })

  it('goes on in the same run after a clean stop, and in another after a crash', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk)
    await append(storage.create(NEW), 'a')
    await storage.close()
    const clean = await openStorage(disk)
    await append(clean.segment(KEY)!, 'b')
    const sizeBefore = clean.segment(KEY)!.sizeBytes
    const crashed = await openStorage(disk.crash(loseAll))
    await append(crashed.segment(KEY)!, 'c')
    expect(await entriesOf(crashed)).to.deep.equal(['a', 'b', 'c'])
    expect(crashed.segment(KEY)!.sizeBytes - sizeBefore, 'a new run starts with the state').to.be.greaterThan(180)
  })

  it('brings nothing back that was torn and passed over, though what followed begins with the same bytes', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk)
    // So large that the first sector of what follows holds only bytes that any entry of that size has there.
    await append(storage.create(NEW), 'x'.repeat(400))
    await storage.close()
    const before = await openStorage(disk, { fsync: { kind: 'none' } })
    await append(before.segment(KEY)!, 'old'.padEnd(600, 'o'))
    const torn = disk.crash(eachSector('lost', 'kept', 'kept'))
    const after = await openStorage(torn, { fsync: { kind: 'none' } })
    expect(await entriesOf(after)).to.deep.equal(['x'.repeat(400)])
    await append(after.segment(KEY)!, 'new'.padEnd(600, 'n'))
    const again = torn.crash(eachSector('kept', 'lost', 'lost'))
    expect(await entriesOf(await openStorage(again))).to.deep.equal(['x'.repeat(400)])
  })

  it('keeps segments of one topic and topics in one file apart', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk)
    const keys = ['one', 'two'].flatMap((topic) =>
      [1, 2].map((segment) => ({ topic, segment, baseOffset: segment - 1 })),
    )
    for (const key of keys) await append(storage.create({ ...NEW, ...key }), `${key.topic}-${key.segment}`)
    await storage.close()
    const again = await openStorage(disk)
    for (const key of keys) expect(await entriesOf(again, key)).to.deep.equal([`${key.topic}-${key.segment}`])
  })

  it('ends a segment where the next one starts, whatever else was left of it', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk)
    await append(storage.create(NEW), 'a', 'b')
    await append(storage.segment(KEY)!, 'of a commit that failed, say')
    await append(storage.create({ ...NEW, segment: 2, baseOffset: 2 }), 'c')
    const again = await openStorage(disk.crash(() => 0))
    expect(await entriesOf(again)).to.deep.equal(['a', 'b'])
    expect(await entriesOf(again, { ...KEY, segment: 2 })).to.deep.equal(['c'])
  })

  it('has what it has shown once, though it was never synced before the process died', async () => {
    const disk = new FaultyDisk()
    const directory = await disk.open()
    const options = { ...surroundings(), ...SMALL, fsync: { kind: 'none' } } as const
    const dying = await openLogStorage({ ...options, directory: unclosable(directory) })
    await append(dying.create(NEW), 'a', 'b')
    const next = await openLogStorage({ ...options, directory: unclosable(directory) })
    expect(await entriesOf(next)).to.deep.equal(['a', 'b'])
    expect(await entriesOf(await openStorage(disk.crash(loseAll)))).to.deep.equal(['a', 'b'])
  })

  it('writes a large batch into a file of smaller blocks without touching its neighbours', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk, { fileBytes: 512 * 1024 })
    await append(storage.create(NEW), 'small')
    await storage.close()
    const larger = { blockBytes: 65_536, fileBytes: 512 * 1024 }
    const again = await openStorage(disk, larger)
    const log = again.create({ ...NEW, topic: 'large' })
    await append(log, 'x'.repeat(50_000))
    await append(again.create({ ...NEW, topic: 'after' }), 'after')
    await append(log, 'y'.repeat(50_000))
    await again.close()
    const last = await openStorage(disk, larger)
    expect(await entriesOf(last)).to.deep.equal(['small'])
    expect(await entriesOf(last, { ...KEY, topic: 'after' })).to.deep.equal(['after'])
    expect((await entriesOf(last, { ...KEY, topic: 'large' }))?.map((text) => text.length)).to.deep.equal([
      50_000, 50_000,
    ])
  })
})

describe('log storage: bad input', () => {
  it('refuses it alone: who shares the commit is not touched', async () => {
    const log = (await openStorage(new FaultyDisk())).create(NEW)
    const kept = log.append(bytesOf('kept'))
    for (const name of ['', 'x'.repeat(256), 'żółw'])
      expect(thrownCode(() => log.commitCursor(name, 1))).to.equal('INVALID_ARGUMENT')
    expect(thrownCode(() => log.commitCursor('shared', -1))).to.equal('INVALID_ARGUMENT')
    await kept.done()
    expect(log.entryCount).to.equal(1)
  })

  it('refuses an entry or a batch that no run can hold, and changes nothing', async () => {
    const log = (await openStorage(new FaultyDisk())).create(NEW)
    const largest = new Uint8Array(ENTRY_BYTES_MAX + 1)
    expect(thrownCode(() => log.append(largest))).to.equal('ENTRY_TOO_LARGE')
    const half = new Uint8Array(largest.buffer, 0, ENTRY_BYTES_MAX / 2)
    expect(thrownCode(() => log.appendBatch([half, half, half]))).to.equal('ENTRY_TOO_LARGE')
    expect(log.appendedCount).to.equal(0)
  })

  it('resolves an empty batch with the batch that is open', async () => {
    const log = (await openStorage(new FaultyDisk())).create(NEW)
    expect(log.appendBatch([]).state, 'none is open').to.equal('committed')
    const open = log.append(bytesOf('a'))
    expect(log.appendBatch([])).to.equal(open)
    await open.done()
    expect([log.entryCount, log.appendedCount]).to.deep.equal([1, 1])
  })

  it('refuses options that make no sense, and gives the directory back', async () => {
    const disk = new FaultyDisk()
    const bad: Partial<LogStorageOptions>[] = [
      { blockBytes: 1000 },
      { fileBytes: NaN },
      { batchBytesMax: 0 },
      { batchBytesMax: NaN },
      { fsync: { kind: 'interval', milliseconds: -1 } },
      { fsync: { kind: 'interval', milliseconds: NaN } },
    ]
    for (const options of bad) expect((await failureOf(openStorage(disk, options))).code).to.equal('INVALID_ARGUMENT')
    await (await openStorage(disk)).close()
  })
})

describe('log storage: removal', () => {
  it('is durable when it resolves, and gives the blocks to others', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk)
    const log = storage.create(NEW)
    for (let nth = 0; nth < 5; nth++) await append(log, 'x'.repeat(3000))
    await storage.remove(KEY)
    expect(storage.segment(KEY)).to.equal(undefined)
    const again = await openStorage(disk.crash(loseAll))
    expect([...again.segments()]).to.deep.equal([])
    const reused = again.create({ ...NEW, topic: 'next' })
    for (let nth = 0; nth < 5; nth++) await append(reused, 'y'.repeat(3000))
    expect(disk.contents('000000000002'), 'no second file was needed').to.equal(undefined)
    expect((await entriesOf(again, { ...KEY, topic: 'next' }))?.join('')).to.match(/^y{15000}$/)
  })

  it('knows nothing of an unknown key, and removes once for all who ask', async () => {
    const storage = await openStorage(new FaultyDisk())
    await storage.remove(KEY)
    const log = storage.create(NEW)
    await append(log, 'a')
    await Promise.all([storage.remove(KEY), storage.remove(KEY)])
    expect(thrownCode(() => log.append(bytesOf('b')))).to.equal('SEGMENT_SEALED')
    storage.create(NEW)
  })

  it('waits for what is under way', async () => {
    const storage = await openStorage(new FaultyDisk())
    const log = storage.create(NEW)
    await append(log, 'a')
    const [entries] = await Promise.all([log.read(0, UNLIMITED), log.append(bytesOf('b')).done(), storage.remove(KEY)])
    expect(textsOf(entries)).to.deep.equal(['a'])
  })

  it('writes no slot of a removed run any more, whatever is synced later', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk, { fsync: { kind: 'none' } })
    const log = storage.create(NEW)
    for (let nth = 0; nth < 3; nth++) await append(log, 'x'.repeat(3000))
    await storage.remove(KEY)
    const next = storage.create({ ...NEW, topic: 'next' })
    await append(next, 'y')
    await storage.sync()
    await append(next, 'z')
    const again = await openStorage(disk.crash(() => 0))
    expect([...again.segments()].map(({ topic }) => topic)).to.deep.equal(['next'])
    expect(await entriesOf(again, { ...KEY, topic: 'next' })).to.deep.equal(['y', 'z'])
  })

  it('keeps what follows a segment that was removed before it was ever synced', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk, { fsync: { kind: 'none' } })
    const first = storage.create(NEW)
    await append(first, 'a')
    await first.seal({ durable: false })
    const key = { ...KEY, segment: 2 }
    await append(storage.create({ ...NEW, ...key, baseOffset: 1 }), 'b')
    await storage.remove(KEY)
    await storage.sync()
    expect(await entriesOf(await openStorage(disk.crash(loseAll)), key)).to.deep.equal(['b'])
  })

  it('leaves the whole segment or nothing, wherever it is interrupted, and all others as they are', async () => {
    const script = async (disk: FaultyDisk): Promise<void> => {
      const storage = await openStorage(disk, { fileBytes: 40_000 })
      const logs = [1, 2, 3].map((segment) => storage.create({ ...NEW, segment, topic: `topic-${segment}` }))
      for (let nth = 0; nth < 4; nth++) await Promise.all(logs.map((log) => append(log, `${nth}`.repeat(3500))))
      await storage.remove({ topic: 'topic-2', segment: 2 })
    }
    const whole = new FaultyDisk()
    await script(whole)
    for (let boundary = whole.boundaryCount - 30; boundary <= whole.boundaryCount; boundary++)
      for (let seed = 0; seed < 5; seed++) {
        const disk = new FaultyDisk({ onOperation: stopAtBoundary(boundary) })
        await Promise.race([script(disk), disk.stopped])
        await turnsOfTheLoop(1)
        const { problems, onProblem } = problemList()
        const storage = await openStorage(disk.crash(seededRandom(seed)), { onProblem, fileBytes: 40_000 })
        const counts = [1, 2, 3].map((segment) => storage.segment({ topic: `topic-${segment}`, segment })?.entryCount)
        const message = `boundary ${boundary}, seed ${seed}: ${counts.join()}`
        expect(counts[0], message).to.be.at.least(3)
        expect(counts[2], message).to.be.at.least(3)
        expect([undefined, 3, 4], message).to.include(counts[1])
        expect(problems, message).to.deep.equal([])
      }
  })

  it('rejects, and frees nothing, when the file takes no writes', async () => {
    const disk = new FaultyDisk({ onOperation: failNth('durable write', 3, 'EIO') })
    const storage = await openStorage(disk)
    const log = storage.create(NEW)
    await append(log, 'a')
    await append(log, 'b')
    await failureOf(log.append(bytesOf('c')).done())
    expect((await failureOf(storage.remove(KEY))).code).to.equal('FILE_FAILED')
    const again = await openStorage(disk.crash(() => 0))
    expect((await entriesOf(again))?.slice(0, 2)).to.deep.equal(['a', 'b'])
  })
})

describe('log storage: closing', () => {
  it('commits what is pending, and may be called again', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk)
    const pending = storage.create(NEW).append(bytesOf('a'))
    await Promise.all([storage.close(), storage.close()])
    expect(pending.state).to.equal('committed')
    expect(await entriesOf(await openStorage(disk))).to.deep.equal(['a'])
  })

  it('makes durable what was only written', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk, { fsync: { kind: 'none' } })
    await append(storage.create(NEW), 'a')
    await storage.close()
    expect(await entriesOf(await openStorage(disk.crash(loseAll)))).to.deep.equal(['a'])
  })

  it('accepts nothing afterwards', async () => {
    const storage = await openStorage(new FaultyDisk())
    const log = storage.create(NEW)
    await append(log, 'a')
    await storage.close()
    expect(thrownCode(() => log.append(bytesOf('b')))).to.equal('STORAGE_CLOSED')
    expect(thrownCode(() => storage.create({ ...NEW, segment: 2 }))).to.equal('STORAGE_CLOSED')
    expect((await failureOf(storage.remove(KEY))).code).to.equal('STORAGE_CLOSED')
    expect((await failureOf(log.read(0, UNLIMITED))).code).to.equal('STORAGE_CLOSED')
  })

  it('gives the directory back also when a file has failed', async () => {
    const disk = new FaultyDisk({ onOperation: failNth('sync', 1, 'EIO') })
    const storage = await openStorage(disk, { fsync: { kind: 'none' } })
    await append(storage.create(NEW), 'a')
    expect((await failureOf(storage.close())).code).to.equal('FILE_FAILED')
    await (await disk.open()).close()
  })
})

describe('log storage: many writers', () => {
  it('keeps every entry at its offset under random concurrent appends to many segments', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk)
    const logs = Array.from({ length: 20 }, (_, nth) => storage.create({ ...NEW, topic: `topic-${nth}` }))
    const random = seededRandom(5)
    const expected = logs.map(() => [] as string[])
    for (let nth = 0; nth < 2000; nth++) {
      const which = randomBelow(random, logs.length)
      const text = `${which} ${nth} `.padEnd(randomBelow(random, 300), '.')
      const ticket = logs[which]!.append(bytesOf(text))
      expect(ticket.lastOffset).to.equal(expected[which]!.length)
      expected[which]!.push(text)
      if (nth % 100 === 0) await ticket.done()
    }
    await storage.close()
    const again = await openStorage(disk)
    for (const [nth, texts] of expected.entries())
      expect(await entriesOf(again, { topic: `topic-${nth}`, segment: 1 })).to.deep.equal(texts)
  })
})
