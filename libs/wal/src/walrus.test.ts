import { FaultyDisk, randomBelow, seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, failureOf, openWalrus, readAll, surroundings, textOf, textsOf } from './harness.test.js'
import { BATCH_ENTRIES_MAX } from './walrus-options.js'
import { Walrus } from './walrus.js'

const KIBIBYTE = 1024
const MEBIBYTE = KIBIBYTE * KIBIBYTE

/** Appends so many entries, each its number. */
async function appendNumbers(walrus: Walrus, topic: string, count: number, from = 0): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, nth) => walrus.append(topic, bytesOf(String(from + nth)))))
}

function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, nth) => String(from + nth))
}

/** Bytes that differ from one seed to another, and repeat for the same. */
function noise(sizeBytes: number, seed: number): Uint8Array {
  const random = seededRandom(seed)
  return Uint8Array.from({ length: sizeBytes }, () => randomBelow(random, 256))
}

describe('walrus: appending', () => {
  let disk: FaultyDisk
  let walrus: Walrus

  beforeEach(async () => {
    disk = new FaultyDisk()
    walrus = await openWalrus(disk)
  })

  it('gives offsets from 0 on, in call order, per topic', async () => {
    const offsets = await Promise.all(['a', 'b', 'a', 'a', 'b'].map((topic) => walrus.append(topic, bytesOf('x'))))
    expect(offsets).to.deep.equal([0, 0, 1, 2, 1])
    expect([...walrus.entryCounts()]).to.deep.equal([
      ['a', 3],
      ['b', 2],
    ])
    expect([walrus.topics(), walrus.entryCount('a'), walrus.entryCount('unknown')]).to.deep.equal([['a', 'b'], 3, 0])
  })

  it('copies the entry before it returns', async () => {
    const entry = bytesOf('before')
    const appended = walrus.append('logs', entry)
    entry.fill(0)
    await appended
    expect(await readAll(walrus, 'logs')).to.deep.equal(['before'])
  })

  it('appends a batch at consecutive offsets, between single entries', async () => {
    const [first, batch, last] = await Promise.all([
      walrus.append('logs', bytesOf('a')),
      walrus.appendBatch(
        'logs',
        ['b', 'c', 'd'].map((text) => bytesOf(text)),
      ),
      walrus.append('logs', bytesOf('e')),
    ])
    expect([first, batch, last]).to.deep.equal([0, { firstOffset: 1, lastOffset: 3 }, 4])
    expect(await readAll(walrus, 'logs')).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
  })

  it('takes a batch of 1 to 2,000 entries', async () => {
    const entries = numbers(BATCH_ENTRIES_MAX).map((text) => bytesOf(text))
    expect(await walrus.appendBatch('logs', entries)).to.deep.equal({ firstOffset: 0, lastOffset: 1999 })
    for (const bad of [[], [...entries, bytesOf('one too many')]])
      expect((await failureOf(walrus.appendBatch('logs', bad))).code).to.equal('BATCH_TOO_LARGE')
    expect(walrus.entryCount('logs')).to.equal(2000)
  })

  it('refuses names that no topic has', async () => {
    for (const topic of ['', 'a b', '..', 'x'.repeat(201), 'ä']) {
      expect((await failureOf(walrus.append(topic, bytesOf('a')))).code).to.equal('INVALID_TOPIC')
      expect((await failureOf(walrus.appendBatch(topic, [bytesOf('a')]))).code).to.equal('INVALID_TOPIC')
    }
    expect(walrus.topics()).to.deep.equal([])
  })

  it('keeps entries of every size apart, empty ones too', async () => {
    const sizes = [0, 1, 0, 3, 4, 5, 63, 64, 4000, 4091, 4096, 4097, 0, 10_000, 70_000]
    for (const [nth, size] of sizes.entries()) await walrus.append('logs', noise(size, nth))
    await walrus.close()
    walrus = await openWalrus(disk)
    for (const [nth, size] of sizes.entries()) {
      const entry = await walrus.readNext('logs')
      expect([entry?.offset, Buffer.compare(entry!.data, noise(size, nth))], `entry ${nth}`).to.deep.equal([nth, 0])
    }
    expect(await walrus.readNext('logs')).to.equal(undefined)
  })

  it('keeps entries around a mebibyte, larger than a block, a run and a file', async () => {
    const sizes = [MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1]
    for (const [nth, size] of sizes.entries()) await walrus.append('logs', noise(size, nth))
    for (const [nth, size] of sizes.entries()) {
      const [entry] = await walrus.read('logs', nth, { maxEntries: 1 })
      expect([entry?.data.length, Buffer.compare(entry!.data, noise(size, nth))]).to.deep.equal([size, 0])
    }
  })

  it('keeps what looks like its own headers as it is', async () => {
    await walrus.append('logs', bytesOf('first'))
    const image = disk.contents('000000000001')!
    const entries = [image.subarray(0, 4096), image.subarray(4096, 8192), image.subarray(-8 * 4096), bytesOf('WBLK')]
    for (const entry of entries) await walrus.append('logs', entry)
    const crashed = await openWalrus(disk.crash(seededRandom(1)))
    const read = await crashed.read('logs', 1)
    expect(read.map(({ data }, nth) => Buffer.compare(data, entries[nth]!))).to.deep.equal([0, 0, 0, 0])
  })

  it('stamps entries with the time at which their batch was opened', async () => {
    const { clock, checksum } = surroundings()
    const timed = await Walrus.open({ clock, checksum, directory: await new FaultyDisk().open() })
    await timed.append('logs', bytesOf('a'))
    expect((await timed.readNext('logs'))?.timestampMs).to.equal(clock.wallMs())
  })
})

describe('walrus: reading through the cursor', () => {
  let disk: FaultyDisk
  let walrus: Walrus

  beforeEach(async () => {
    disk = new FaultyDisk()
    walrus = await openWalrus(disk)
  })

  for (const readerCount of [8, 64])
    it(`gives each of ${readerCount} concurrent readers other entries, each once, each reader's in order`, async () => {
      await appendNumbers(walrus, 'logs', 500)
      const seen: string[] = []
      const read = async (): Promise<void> => {
        let last = -1
        for (let entry = await walrus.readNext('logs'); entry; entry = await walrus.readNext('logs')) {
          expect(entry.offset).to.be.greaterThan(last)
          last = entry.offset
          seen.push(textOf(entry)!)
        }
      }
      await Promise.all(Array.from({ length: readerCount }, read))
      expect(seen.sort((a, b) => Number(a) - Number(b))).to.deep.equal(numbers(500))
    })

  it('looks without consuming', async () => {
    await appendNumbers(walrus, 'logs', 3)
    const peek = async (): Promise<string | undefined> => textOf(await walrus.readNext('logs', { checkpoint: false }))
    expect([await peek(), await peek(), textOf(await walrus.readNext('logs')), await peek()]).to.deep.equal([
      ...['0', '0', '0', '1'],
    ])
    expect(textsOf(await walrus.readBatch('logs', { checkpoint: false }))).to.deep.equal(['1', '2'])
    expect(textsOf(await walrus.readBatch('logs'))).to.deep.equal(['1', '2'])
    expect(await walrus.readBatch('logs')).to.deep.equal([])
  })

  it('reads at least one entry, then as many as the bytes allow', async () => {
    for (let nth = 0; nth < 20; nth++) await walrus.append('logs', noise(100, nth))
    const counts = []
    for (const maxBytes of [300, 500, 1, 350]) counts.push((await walrus.readBatch('logs', { maxBytes })).length)
    expect(counts).to.deep.equal([3, 5, 1, 3])
    expect(walrus.unreadCount('logs')).to.equal(8)
  })

  it('reads at most 2,000 entries at once, whatever it is asked for', async () => {
    await walrus.appendBatch(
      'logs',
      numbers(2000).map((text) => bytesOf(text)),
    )
    await walrus.appendBatch(
      'logs',
      numbers(500, 2000).map((text) => bytesOf(text)),
    )
    expect(await walrus.readBatch('logs', { maxEntries: 1_000_000, maxBytes: MEBIBYTE })).to.have.length(2000)
    expect(await walrus.readBatch('logs', { maxEntries: 3 })).to.have.length(3)
    expect(await walrus.readBatch('logs')).to.have.length(497)
  })

  it('counts what nobody has read, across restarts', async () => {
    await appendNumbers(walrus, 'logs', 10)
    expect([walrus.unreadCount('logs'), walrus.unreadCount('unknown')]).to.deep.equal([10, 0])
    await walrus.readBatch('logs', { maxEntries: 4 })
    expect(walrus.unreadCount('logs')).to.equal(6)
    await walrus.close()
    walrus = await openWalrus(disk)
    expect([walrus.unreadCount('logs'), textOf(await walrus.readNext('logs'))]).to.deep.equal([6, '4'])
  })

  it('has nothing of a topic that nobody wrote to, and does not make it', async () => {
    expect(await walrus.readNext('unknown')).to.equal(undefined)
    expect(await walrus.readBatch('unknown')).to.deep.equal([])
    expect(await walrus.read('unknown', 0)).to.deep.equal([])
    expect(walrus.topics()).to.deep.equal([])
  })

  it('never delivers an entry again after a crash, strictly at once', async () => {
    await appendNumbers(walrus, 'logs', 10)
    for (let nth = 0; nth < 4; nth++) await walrus.readNext('logs')
    const after = await openWalrus(disk.crash(() => 0.999999))
    expect(textOf(await after.readNext('logs'))).to.equal('4')
  })

  it('delivers at most so many entries again after a crash, at least once', async () => {
    for (const deliveredCount of [1, 4, 5, 6, 9, 10, 11]) {
      const other = new FaultyDisk()
      const consistency = { kind: 'AtLeastOnce', persistEvery: 5 } as const
      const reader = await openWalrus(other, { consistency })
      await appendNumbers(reader, 'logs', 20)
      for (let nth = 0; nth < deliveredCount; nth++) await reader.readNext('logs')
      const after = await openWalrus(
        other.crash(() => 0.999999),
        { consistency },
      )
      const position = Number(textOf(await after.readNext('logs')))
      expect(position).to.be.within(deliveredCount - 5, deliveredCount)
    }
  })

  it('records at close what was delivered at least once', async () => {
    const consistency = { kind: 'AtLeastOnce', persistEvery: 1000 } as const
    await appendNumbers(walrus, 'logs', 5)
    await walrus.close()
    walrus = await openWalrus(disk, { consistency })
    await walrus.readNext('logs')
    await walrus.readNext('logs')
    await walrus.close()
    walrus = await openWalrus(disk, { consistency })
    expect(textOf(await walrus.readNext('logs'))).to.equal('2')
  })

  it('takes a count of 0 for every delivery, and refuses what is none', async () => {
    const opened = await openWalrus(new FaultyDisk(), { consistency: { kind: 'AtLeastOnce', persistEvery: 0 } })
    await appendNumbers(opened, 'logs', 2)
    expect(textsOf([(await opened.readNext('logs'))!, (await opened.readNext('logs'))!])).to.deep.equal(['0', '1'])
    for (const persistEvery of [-1, 0.5, NaN])
      expect(
        (await failureOf(openWalrus(new FaultyDisk(), { consistency: { kind: 'AtLeastOnce', persistEvery } }))).code,
      ).to.equal('INVALID_ARGUMENT')
  })
})

describe('walrus: reading by offset', () => {
  it('reads from anywhere, moves no cursor, and is empty at the end', async () => {
    const walrus = await openWalrus(new FaultyDisk(), { segmentBytesMax: 2000 })
    await appendNumbers(walrus, 'logs', 100)
    await appendNumbers(walrus, 'logs', 100, 100)
    for (const offset of [0, 1, 99, 150, 199])
      expect(textOf((await walrus.read('logs', offset))[0])).to.equal(`${offset}`)
    for (const offset of [200, 201, 1e9]) expect(await walrus.read('logs', offset)).to.deep.equal([])
    expect(walrus.unreadCount('logs')).to.equal(200)
  })

  it('refuses offsets and limits that are none', async () => {
    const walrus = await openWalrus(new FaultyDisk())
    for (const offset of [-1, 0.5, NaN, Infinity])
      expect((await failureOf(walrus.read('logs', offset))).code).to.equal('INVALID_ARGUMENT')
    await walrus.append('logs', bytesOf('a'))
    for (const limits of [{ maxBytes: -1 }, { maxBytes: NaN }, { maxEntries: -1 }, { maxEntries: NaN }]) {
      expect((await failureOf(walrus.read('logs', 0, limits))).code).to.equal('INVALID_ARGUMENT')
      expect((await failureOf(walrus.readBatch('logs', limits))).code).to.equal('INVALID_ARGUMENT')
    }
    expect(await walrus.read('logs', 0, { maxEntries: 0 })).to.deep.equal([])
    expect(await walrus.read('logs', 0, { maxBytes: 0 })).to.have.length(1)
  })
})

describe('walrus: rolling segments', () => {
  it('keeps order and offsets while segments are rolled under load', async () => {
    const disk = new FaultyDisk()
    let walrus = await openWalrus(disk, { segmentBytesMax: 3000 })
    const random = seededRandom(7)
    const expected: string[] = []
    const reads: Promise<unknown>[] = []
    for (let round = 0; round < 40; round++) {
      const offsets = Array.from({ length: 20 }, () => {
        const text = `${expected.length} `.padEnd(randomBelow(random, 120), '.')
        expected.push(text)
        return walrus.append('logs', bytesOf(text))
      })
      if (round % 3 === 0) reads.push(walrus.readBatch('logs', { maxEntries: 7 }))
      expect(await Promise.all(offsets)).to.deep.equal(offsets.map((_, nth) => expected.length - 20 + nth))
    }
    await Promise.all(reads)
    expect(await readAll(walrus, 'logs')).to.deep.equal(expected)
    const unread = walrus.unreadCount('logs')
    await walrus.close()
    walrus = await openWalrus(disk, { segmentBytesMax: 3000 })
    expect([await readAll(walrus, 'logs'), walrus.unreadCount('logs')]).to.deep.equal([expected, unread])
  })

  it('goes on after a restart in the middle of a segment, and rolls it then', async () => {
    const disk = new FaultyDisk()
    for (let round = 0; round < 6; round++) {
      const walrus = await openWalrus(disk, { segmentBytesMax: 2500 })
      await appendNumbers(walrus, 'logs', 7, round * 7)
      expect(textOf(await walrus.readNext('logs'))).to.equal(String(round))
      await walrus.close()
    }
    const last = await openWalrus(disk, { segmentBytesMax: 2500 })
    expect(await readAll(last, 'logs')).to.deep.equal(numbers(42))
  })

  it('refuses a size at which it would never stop', async () => {
    const disk = new FaultyDisk()
    for (const segmentBytesMax of [0, -1, NaN])
      expect((await failureOf(openWalrus(disk, { segmentBytesMax }))).code).to.equal('INVALID_ARGUMENT')
    await (await openWalrus(disk, { segmentBytesMax: 1 })).close()
  })

  it('takes every entry though each one fills a segment', async () => {
    const walrus = await openWalrus(new FaultyDisk(), { segmentBytesMax: 1 })
    await appendNumbers(walrus, 'logs', 5)
    await appendNumbers(walrus, 'logs', 5, 5)
    for (let nth = 10; nth < 15; nth++) await walrus.append('logs', bytesOf(String(nth)))
    expect(await readAll(walrus, 'logs')).to.deep.equal(numbers(15))
  })
})

describe('walrus: opening and closing', () => {
  it('owns its directory until it is closed', async () => {
    const disk = new FaultyDisk()
    const walrus = await openWalrus(disk)
    expect((await failureOf(openWalrus(disk))).code).to.equal('DIRECTORY_LOCKED')
    await walrus.close()
    await (await openWalrus(disk)).close()
  })

  it('settles what is under way when it is closed, and may be closed again', async () => {
    const disk = new FaultyDisk()
    const walrus = await openWalrus(disk, { segmentBytesMax: 500 })
    const appends = Array.from({ length: 50 }, (_, nth) => walrus.append('logs', bytesOf(String(nth))))
    await Promise.all([walrus.close(), walrus.close()])
    await walrus.close()
    expect(await Promise.all(appends)).to.deep.equal(Array.from({ length: 50 }, (_, nth) => nth))
    expect(await readAll(await openWalrus(disk), 'logs')).to.deep.equal(numbers(50))
  })

  it('refuses every call after it was closed', async () => {
    const walrus = await openWalrus(new FaultyDisk())
    await appendNumbers(walrus, 'logs', 3)
    await walrus.close()
    const calls = [
      walrus.append('logs', bytesOf('a')),
      walrus.append('other', bytesOf('a')),
      walrus.appendBatch('logs', [bytesOf('a')]),
      walrus.readNext('logs'),
      walrus.readBatch('logs'),
      walrus.read('logs', 3),
      walrus.sync(),
    ]
    for (const call of calls) expect((await failureOf(call)).code).to.equal('STORAGE_CLOSED')
  })

  it('makes durable at sync what resolved before', async () => {
    const disk = new FaultyDisk()
    const walrus = await openWalrus(disk, { fsync: { kind: 'none' } })
    await appendNumbers(walrus, 'logs', 10)
    await walrus.sync()
    expect(walrus.entryCount('logs')).to.equal(10)
    expect(await readAll(await openWalrus(disk.crash(() => 0.999999)), 'logs')).to.deep.equal(numbers(10))
  })

  it('keeps a thousand topics apart', async () => {
    const disk = new FaultyDisk()
    let walrus = await openWalrus(disk, { fileBytes: 2 * MEBIBYTE })
    const topics = Array.from({ length: 1000 }, (_, nth) => `topic-${nth}`)
    await Promise.all(topics.map((topic) => walrus.append(topic, bytesOf(topic))))
    await Promise.all(topics.map((topic) => walrus.append(topic, bytesOf('second'))))
    await walrus.close()
    walrus = await openWalrus(disk)
    expect(walrus.topics()).to.deep.equal([...topics].sort())
    for (const topic of topics) expect(textsOf(await walrus.read(topic, 0))).to.deep.equal([topic, 'second'])
  })
})
