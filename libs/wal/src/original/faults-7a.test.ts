import { FaultyDisk, seededRandom, type DiskOperation, type Verdict } from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, failureOf, openWalrus, paddedEntry, problemList, readAll, textsOf } from '../harness.test.js'
import { ENTRY_BYTES_MAX } from '../log/append-checks.js'
import type { Statistics } from '../walrus.js'
import { forEachBackend, USUAL_SIZES } from './backends.test.js'
import { appendTexts, entriesOf, KIBIBYTE, noise, numbers, readBatches, readNextTexts } from './entries.test.js'

/* How log libraries lose or repeat what was acknowledged; each test shows one way that this one does not go. */

const UNSYNCED = { fsync: { kind: 'none' } } as const
const QUEUE = { retention: { consumed: true }, segmentBytesMax: 2000 } as const

describe('no entry is lost or delivered twice', () => {
  forEachBackend(({ open, openAsKilled, fileNames, addForeignFile }) => {
    it('by a batch read whose budget ends inside a sealed segment', async () => {
      const walrus = await open(UNSYNCED)
      const sent = numbers(4000).map((text) => text.padEnd(100, '.'))
      await appendTexts(walrus, 'logs', sent)
      for (const maxBytes of [10_000, 12_345]) {
        const seen: string[] = []
        for (let read = await walrus.read('logs', 0, { maxBytes }); read.length > 0;) {
          seen.push(...textsOf(read))
          read = await walrus.read('logs', seen.length, { maxBytes })
        }
        expect(seen).to.deep.equal(sent)
      }
      expect((await readBatches(walrus, 'logs', 12_345)).flat()).to.deep.equal(sent)
    })

    it('by files that an interrupted process left half made beside the block files', async () => {
      let walrus = await open()
      await appendTexts(walrus, 'logs', numbers(5))
      await walrus.close()
      const header = new Uint8Array([2, 0, 0xff, 0xff, 0xff, 0xff])
      for (const name of ['clean.db.tmp', '000000000002.blocks.tmp', '1700000000000', 'notes.txt'])
        await addForeignFile(name, Buffer.concat([header, noise(600, 1)]))
      for (let round = 0; round < 2; round++) {
        walrus = await open()
        expect([walrus.topics(), await readAll(walrus, 'logs')]).to.deep.equal([['logs'], numbers(5)])
        expect(await fileNames()).to.have.length(1)
        await walrus.close()
      }
    })

    it('when the first entry of a topic is larger than a block: it survives a restart, with everything behind it', async () => {
      let walrus = await open()
      await walrus.append('logs', noise(40 * KIBIBYTE, 1))
      await appendTexts(walrus, 'logs', numbers(3))
      await appendTexts(walrus, 'other', numbers(3))
      await walrus.close()
      walrus = await open()
      const [first, ...others] = await walrus.readBatch('logs')
      expect([Buffer.compare(first!.data, noise(40 * KIBIBYTE, 1)), textsOf(others)]).to.deep.equal([0, numbers(3)])
      expect(await readNextTexts(walrus, 'other')).to.deep.equal(numbers(3))
    })

    it('when a topic was made and never written to: it hides no other', async () => {
      const walrus = await open()
      await failureOf(walrus.appendBatch('refused', entriesOf(numbers(2001))))
      await failureOf(walrus.appendBatch('empty', []))
      await failureOf(walrus.append('x'.repeat(300), bytesOf('a')))
      walrus.cursor('looked-at', 'reader')
      await walrus.markDirty('marked')
      await appendTexts(walrus, 'later', numbers(5))
      const after = await openAsKilled()
      expect(after.topics()).to.deep.equal(['later', 'marked'])
      expect(await readNextTexts(after, 'later')).to.deep.equal(numbers(5))
    })

    it('when entries over many blocks hold zeros or what looks like headers where a block begins', async () => {
      const files = new FaultyDisk()
      const source = await openWalrus(files)
      await source.append('logs', bytesOf('inner'))
      const image = files.contents('000000000001')!
      let walrus = await open()
      const large = [
        new Uint8Array(50_000),
        Buffer.concat([image, image]),
        noise(50_000, 1),
        new Uint8Array(50_000).fill(0x01),
      ]
      for (const [nth, entry] of large.entries()) {
        await walrus.append('large', entry)
        await walrus.append('small', bytesOf(String(nth)))
      }
      await readNextTexts(walrus, 'large', 2)
      await walrus.close()
      walrus = await open()
      expect(walrus.topics()).to.deep.equal(['large', 'small'])
      expect(await readNextTexts(walrus, 'small')).to.deep.equal(numbers(4))
      const rest = await walrus.readBatch('large')
      expect(rest.map(({ offset, data }) => [offset, Buffer.compare(data, large[offset]!)])).to.deep.equal([
        [2, 0],
        [3, 0],
      ])
    })

    it('by a restart after files were reclaimed: the cursor is an offset, and stays what it was', async () => {
      let walrus = await open({ ...QUEUE, fileBytes: 16 * KIBIBYTE })
      for (let nth = 0; nth < 40; nth++) await walrus.append('queue', paddedEntry(String(nth), 1000))
      const before = await fileNames()
      await readNextTexts(walrus, 'queue', 30)
      await walrus.enforceRetention()
      expect(await fileNames()).not.to.include(before[0])
      await walrus.close()
      for (let round = 0; round < 3; round++) {
        walrus = await open(QUEUE)
        expect(walrus.unreadCount('queue')).to.equal(10 - round)
        expect((await walrus.readNext('queue'))?.offset).to.equal(30 + round)
        await walrus.close()
      }
    })

    it('by another instance in the same process that consumes its own entries', async () => {
      const [mine, other] = [await open(QUEUE, 'mine'), await open(QUEUE, 'other')]
      for (const walrus of [mine, other])
        for (let nth = 0; nth < 30; nth++) await walrus.append('queue', paddedEntry(String(nth), 1000))
      await readNextTexts(mine, 'queue', 3)
      await mine.enforceRetention()
      const before = await fileNames('mine')
      await readNextTexts(other, 'queue')
      await other.enforceRetention()
      await other.deleteTopic('queue')
      expect(await fileNames('mine')).to.deep.equal(before)
      await mine.close()
      const again = await open(QUEUE, 'mine')
      expect(await readNextTexts(again, 'queue')).to.have.length(27)
    })

    it('by looking: what was not consumed is never freed, however often it is looked at', async () => {
      let walrus = await open(QUEUE)
      for (let nth = 0; nth < 12; nth++) await walrus.append('queue', paddedEntry(String(nth), 1000))
      await readNextTexts(walrus, 'queue', 1)
      await walrus.enforceRetention()
      const before = [await fileNames(), walrus.statistics().allocatedBytes]
      for (let nth = 0; nth < 50; nth++) {
        await walrus.readBatch('queue', { checkpoint: false, maxBytes: 100_000 })
        await walrus.readNext('queue', { checkpoint: false })
        await walrus.read('queue', 11)
      }
      await walrus.enforceRetention()
      expect([await fileNames(), walrus.statistics().allocatedBytes]).to.deep.equal(before)
      await walrus.close()
      walrus = await open(QUEUE)
      expect([walrus.unreadCount('queue'), (await readNextTexts(walrus, 'queue')).length]).to.deep.equal([11, 11])
    })

    it('by a reader at the end that is delivered at least once: its progress is recorded while entries come', async () => {
      const settings = { consistency: { kind: 'AtLeastOnce', persistEvery: 10 } } as const
      const walrus = await open(settings)
      for (let nth = 0; nth < 95; nth++) {
        await walrus.append('logs', bytesOf(String(nth)))
        expect((await walrus.readNext('logs'))?.offset).to.equal(nth)
      }
      expect((await openAsKilled(settings)).unreadCount('logs')).to.be.within(0, 10)
    })

    it('by eight concurrent readers of one cursor, strictly at once, over a restart', async () => {
      let walrus = await open()
      await walrus.appendBatch('logs', entriesOf(numbers(2000)))
      const seen: string[] = []
      for (const share of [60, Infinity]) {
        const all = await Promise.all(Array.from({ length: 8 }, () => readNextTexts(walrus, 'logs', share)))
        seen.push(...all.flat())
        await walrus.close()
        walrus = await open()
      }
      expect(seen).to.have.length(2000)
      expect(new Set(seen).size).to.equal(2000)
    })

    it('by a refused append: an entry too large or a name too long leaves no trace, then or after a restart', async () => {
      let walrus = await open()
      await appendTexts(walrus, 'logs', ['one', 'two'])
      const spaceOf = ({ fileBytes, allocatedBytes, storedBytes }: Statistics) => [
        fileBytes,
        allocatedBytes,
        storedBytes,
      ]
      const before = [spaceOf(walrus.statistics()), await fileNames(), walrus.topics()]
      const tooLarge = new Uint8Array(ENTRY_BYTES_MAX + 1)
      for (const topic of ['logs', 'new']) {
        expect((await failureOf(walrus.append(topic, tooLarge))).code).to.equal('ENTRY_TOO_LARGE')
        expect((await failureOf(walrus.appendBatch(topic, [tooLarge]))).code).to.equal('ENTRY_TOO_LARGE')
      }
      expect((await failureOf(walrus.append('x'.repeat(217), bytesOf('a')))).code).to.equal('INVALID_TOPIC')
      expect([spaceOf(walrus.statistics()), await fileNames(), walrus.topics()]).to.deep.equal(before)
      await appendTexts(walrus, 'logs', ['three'])
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(['one', 'two', 'three'])
      await walrus.close()
      walrus = await open()
      expect([walrus.topics(), await readAll(walrus, 'logs')]).to.deep.equal([['logs'], ['one', 'two', 'three']])
    })

    it('by reads that race the sealing of segments', async () => {
      const walrus = await open({ ...UNSYNCED, segmentBytesMax: 400 })
      const total = 300
      const writing = (async () => {
        for (let nth = 0; nth < total; nth++) await walrus.append('logs', bytesOf(String(nth).padEnd(90, '.')))
      })()
      const shared: number[] = []
      const read = async (): Promise<void> => {
        while (shared.length < total) {
          shared.push(...(await walrus.readBatch('logs', { maxBytes: 700 })).map(({ offset }) => offset))
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      await Promise.all([writing, read(), read(), read()])
      expect(shared.sort((a, b) => a - b)).to.deep.equal(numbers(total).map(Number))
      expect((await openAsKilled()).unreadCount('logs')).to.equal(0)
    })

    it('though it is empty: batch reads return entries of zero length', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', ['', 'a', '', ''])
      expect(await readBatches(walrus, 'logs', 0)).to.deep.equal([[''], ['a'], ['', '']])
      expect(walrus.unreadCount('logs')).to.equal(0)
    })

    it('though it is small and stands first: reads from offset 0 begin with it, and move no cursor', async () => {
      const settings = { consistency: { kind: 'AtLeastOnce', persistEvery: 2 } } as const
      const walrus = await open(settings)
      const sent = ['a', 'b', 'x'.repeat(500), 'c']
      await appendTexts(walrus, 'logs', sent)
      expect(await readNextTexts(walrus, 'logs', 1)).to.deep.equal(['a'])
      for (let nth = 0; nth < 3; nth++) expect(textsOf(await walrus.read('logs', 0))).to.deep.equal(sent)
      expect(textsOf(await walrus.read('logs', 3))).to.deep.equal(['c'])
      expect([walrus.unreadCount('logs'), await readNextTexts(walrus, 'logs')]).to.deep.equal([3, sent.slice(1)])
    })

    it('by reclaiming, which also frees what was written before a restart', async () => {
      let walrus = await open({ ...QUEUE, fileBytes: 16 * KIBIBYTE })
      for (let nth = 0; nth < 40; nth++) await walrus.append('queue', paddedEntry(String(nth), 1000))
      const { allocatedBytes, fileCount } = walrus.statistics()
      await walrus.close()
      walrus = await open({ ...QUEUE, fileBytes: 16 * KIBIBYTE })
      expect(await readNextTexts(walrus, 'queue')).to.have.length(40)
      await walrus.enforceRetention()
      expect(walrus.statistics().allocatedBytes).to.be.below(allocatedBytes / 4)
      expect(walrus.statistics().fileCount).to.be.below(fileCount / 2)
      expect((await fileNames()).length).to.equal(walrus.statistics().fileCount)
      await walrus.close()
      walrus = await open(QUEUE)
      expect([walrus.unreadCount('queue'), await walrus.append('queue', bytesOf('next'))]).to.deep.equal([0, 40])
    })

    it('by a second owner: the directory has one, and its error changes nothing', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', ['a'])
      expect((await failureOf(open())).code).to.equal('DIRECTORY_LOCKED')
      await appendTexts(walrus, 'logs', ['b'])
      expect(await readAll(walrus, 'logs')).to.deep.equal(['a', 'b'])
    })

    it('because it is larger than the files that others share: it gets one of its own size', async () => {
      let walrus = await open({ fileBytes: 16 * KIBIBYTE })
      await walrus.append('logs', noise(300 * KIBIBYTE, 1))
      await appendTexts(walrus, 'other', numbers(3))
      await appendTexts(walrus, 'logs', ['behind'])
      await walrus.close()
      walrus = await open(USUAL_SIZES)
      const [large, ...behind] = await walrus.read('logs', 0)
      expect([Buffer.compare(large!.data, noise(300 * KIBIBYTE, 1)), textsOf(behind)]).to.deep.equal([0, ['behind']])
      expect(await readAll(walrus, 'other')).to.deep.equal(numbers(3))
    })
  })
})

describe('a disk that fails is heard of', () => {
  const SPACE = { spaceBytes: 64 * KIBIBYTE } as const
  /** Keeps what was written, as when only the process dies. */
  const keepAll = (): number => 0

  function failing(verdict: (operation: DiskOperation) => Verdict): FaultyDisk {
    return new FaultyDisk({
      random: seededRandom(1),
      onOperation: (operation) => (operation.moment === 'before' ? verdict(operation) : undefined),
    })
  }

  for (const fsync of [{ kind: 'each' }, { kind: 'interval', milliseconds: 10 }, { kind: 'none' }] as const)
    it(`when it is full: what resolved is there, what was rejected is not, fsync ${fsync.kind}`, async () => {
      const disk = new FaultyDisk(SPACE)
      const walrus = await openWalrus(disk, { fsync })
      const results = await Promise.allSettled(
        Array.from({ length: 40 }, (_, nth) => walrus.append(`topic-${nth % 3}`, paddedEntry(String(nth), 4000))),
      )
      const rejected = results.filter((result) => result.status === 'rejected')
      expect(rejected.map(({ reason }) => (reason as { code: string }).code)).to.include('DISK_FULL')
      const resolvedCount = results.length - rejected.length
      const countOf = (one: typeof walrus): number =>
        [...one.entryCounts().values()].reduce((sum, count) => sum + count, 0)
      expect(countOf(walrus)).to.equal(resolvedCount)
      await walrus.close()
      expect(countOf(await openWalrus(disk))).to.equal(resolvedCount)
    })

  it('in the middle of a batch: nothing of it is visible, then or after a restart', async () => {
    const disk = new FaultyDisk(SPACE)
    const walrus = await openWalrus(disk)
    await walrus.append('logs', bytesOf('before'))
    const batch = numbers(30).map((text) => paddedEntry(text, 4000))
    expect((await failureOf(walrus.appendBatch('logs', batch))).code).to.equal('DISK_FULL')
    expect([walrus.entryCount('logs'), await readAll(walrus, 'logs')]).to.deep.equal([1, ['before']])
    const after = await openWalrus(disk.crash(keepAll))
    expect(await readAll(after, 'logs')).to.deep.equal(['before'])
    expect(await after.append('logs', bytesOf('behind'))).to.equal(1)
    expect(await readAll(after, 'logs')).to.deep.equal(['before', 'behind'])
  })

  for (const failedWrite of [1, 2, 3])
    it(`in write ${failedWrite} under a batch over many blocks: it fails whole, and others stand where it would have`, async () => {
      let writeCount = Infinity
      const disk = failing(({ kind }) => {
        const isWrite = kind === 'write' || kind === 'durable write'
        return isWrite && ++writeCount === failedWrite ? 'ENOSPC' : undefined
      })
      const walrus = await openWalrus(disk)
      await appendTexts(walrus, 'logs', numbers(3))
      writeCount = 0
      const batch = numbers(20).map((text) => paddedEntry(text, 3000))
      expect((await failureOf(walrus.appendBatch('logs', batch))).message).to.contain('ENOSPC')
      expect(await readAll(walrus, 'logs')).to.deep.equal(numbers(3))
      expect(await walrus.append('logs', bytesOf('behind'))).to.equal(3)
      const after = await openWalrus(disk.crash(keepAll))
      expect(await readAll(after, 'logs')).to.deep.equal([...numbers(3), 'behind'])
    })

  it('when a read fails: it rejects, delivers nothing, and the entry is delivered by the next', async () => {
    const disk = failing(({ kind, nth }) => (kind === 'durable write' && nth === 3 ? 'EIO' : undefined))
    const walrus = await openWalrus(disk)
    await walrus.append('logs', bytesOf('a'))
    await walrus.append('logs', bytesOf('b'))
    const failures = []
    const seen: string[] = []
    for (let nth = 0; nth < 3; nth++) {
      const read = await walrus.readNext('logs').catch((error: unknown) => void failures.push(error))
      if (read) seen.push(...textsOf([read]))
    }
    expect([failures.length, seen]).to.deep.equal([1, ['a', 'b']])
  })

  it('when a sync in the background fails', async () => {
    let fails = false
    const disk = failing(({ kind }) => (fails && kind === 'sync' ? 'EIO' : undefined))
    const { problems, onProblem } = problemList()
    const walrus = await openWalrus(disk, { fsync: { kind: 'none' }, onProblem })
    await walrus.append('logs', bytesOf('a'))
    fails = true
    expect((await failureOf(walrus.sync())).code).to.equal('FILE_FAILED')
    expect(problems).to.deep.equal([])
  })

  it('and a reader never sees a part of a batch while it is written', async () => {
    const seen = new Set<number>()
    let look: () => Promise<void> = () => Promise.resolve()
    const disk = new FaultyDisk({ onOperation: () => look().then(() => undefined) })
    const walrus = await openWalrus(disk, { batchBytesMax: 1000 })
    look = async () => {
      seen.add(walrus.entryCount('logs'))
      seen.add((await walrus.read('logs', 0, { maxBytes: 1e6 })).length)
    }
    await walrus.appendBatch(
      'logs',
      numbers(100).map((text) => paddedEntry(text, 500)),
    )
    await look()
    expect([...seen].sort((a, b) => a - b)).to.deep.equal([0, 100])
  })
})
