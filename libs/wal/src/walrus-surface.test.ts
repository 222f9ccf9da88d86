import { expect } from 'chai'
import { FaultyDisk, ManualClock } from '@walrus/testing'
import { bytesOf, failureOf, openWalrus, paddedEntry, readAll, textOf, textsOf, thrownCode } from './harness.test.js'
import type { Walrus } from './walrus.js'

/** Small enough that a handful of entries of 500 bytes fill a segment. */
const SEGMENTS = { segmentBytesMax: 2000 } as const

async function appendMany(walrus: Walrus, topic: string, count: number, from = 0): Promise<void> {
  for (let n = from; n < from + count; n++) await walrus.append(topic, paddedEntry(`${n}`, 500))
}

describe('named cursors', () => {
  let disk: FaultyDisk
  let walrus: Walrus
  beforeEach(async () => {
    disk = new FaultyDisk()
    walrus = await openWalrus(disk, SEGMENTS)
  })
  afterEach(() => walrus.close())

  async function reopen(): Promise<void> {
    await walrus.close()
    walrus = await openWalrus(disk, SEGMENTS)
  }

  it('move each by itself, and keep their place across a restart', async () => {
    for (const text of ['a', 'b', 'c']) await walrus.append('t', bytesOf(text))
    expect(textOf(await walrus.cursor('t', 'one').next())).to.equal('a')
    expect(textsOf(await walrus.cursor('t', 'two').nextBatch({ maxEntries: 2, maxBytes: 100 }))).to.deep.equal([
      'a',
      'b',
    ])
    await reopen()
    expect(textOf(await walrus.cursor('t', 'one').next())).to.equal('b')
    expect(textOf(await walrus.cursor('t', 'two').next())).to.equal('c')
    expect(textOf(await walrus.readNext('t'))).to.equal('a')
    expect([walrus.unreadCount('t', 'one'), walrus.unreadCount('t', 'two'), walrus.unreadCount('t')]).to.deep.equal([
      1, 0, 2,
    ])
  })

  it('commit by hand only what they are told to', async () => {
    for (const text of ['a', 'b', 'c']) await walrus.append('t', bytesOf(text))
    const cursor = walrus.cursor('t', 'manual', { kind: 'Manual' })
    await cursor.next()
    await cursor.commit()
    await cursor.next()
    await reopen()
    expect(textOf(await walrus.cursor('t', 'manual', { kind: 'Manual' }).next())).to.equal('b')
  })

  it('commit by hand where they were moved to, forward and back', async () => {
    for (const text of ['a', 'b', 'c']) await walrus.append('t', bytesOf(text))
    for (const offset of [2, 1]) {
      const cursor = walrus.cursor('t', 'manual', { kind: 'Manual' })
      await cursor.seek({ offset })
      await cursor.commit()
      await reopen()
      expect(walrus.cursor('t', 'manual', { kind: 'Manual' }).offset).to.equal(offset)
    }
  })

  it('deliver nothing that was given up, though it was read ahead', async () => {
    for (const text of ['a', 'b', 'c', 'd']) await walrus.append('t', bytesOf(text))
    expect(textOf(await walrus.readNext('t'))).to.equal('a')
    await walrus.truncateBefore('t', 3)
    expect(textOf(await walrus.readNext('t'))).to.equal('d')
  })

  it('seek to an offset, to both ends, and to a time', async () => {
    const clock = new ManualClock({ autoDefer: true, wallMs: 1000 })
    await walrus.close()
    walrus = await openWalrus(disk, { ...SEGMENTS, clock })
    for (let n = 0; n < 12; n++) {
      await walrus.append('t', paddedEntry(`${n}`, 500))
      clock.advance(10)
    }
    const cursor = walrus.cursor('t', 'c')
    const at = async (target: Parameters<typeof cursor.seek>[0]): Promise<number | undefined> => {
      await cursor.seek(target)
      return (await cursor.next(false))?.offset
    }
    expect(await at({ offset: 7 })).to.equal(7)
    expect(await at('start')).to.equal(0)
    expect(await at('end')).to.equal(undefined)
    expect(await at({ timeMs: 1050 })).to.equal(5)
    expect(await at({ timeMs: 1051 })).to.equal(6)
    expect(await at({ timeMs: 0 })).to.equal(0)
    expect(await at({ timeMs: 99_999 })).to.equal(undefined)
    expect(await at({ offset: 1_000_000 })).to.equal(undefined)
    expect((await failureOf(cursor.seek({ offset: -1 }))).message).to.contain('not a whole number from 0')
  })

  it('stay where they were sent, across a restart', async () => {
    await appendMany(walrus, 't', 8)
    const cursor = walrus.cursor('t', 'c')
    await cursor.nextBatch()
    await cursor.seek({ offset: 3 })
    await reopen()
    expect((await walrus.cursor('t', 'c').next())?.offset).to.equal(3)
  })

  it('refuse names that are none', () => {
    for (const name of ['', '#start', 'a b', '..'])
      expect(thrownCode(() => walrus.cursor('t', name))).to.equal('INVALID_ARGUMENT')
  })
})

describe('topics', () => {
  let disk: FaultyDisk
  let walrus: Walrus
  beforeEach(async () => {
    disk = new FaultyDisk()
    walrus = await openWalrus(disk, SEGMENTS)
  })
  afterEach(() => walrus.close())

  it('are deleted with their cursors and their space, and begin anew at offset 0', async () => {
    await appendMany(walrus, 'gone', 30)
    await appendMany(walrus, 'kept', 3)
    await walrus.readNext('gone')
    const before = walrus.statistics().allocatedBytes
    const deletion = walrus.deleteTopic('gone')
    const early = walrus.append('gone', bytesOf('new'))
    expect(walrus.topics()).to.deep.equal(['kept'])
    await deletion
    expect(await early).to.equal(0)
    expect(walrus.statistics().allocatedBytes).to.be.below(before / 2)
    await walrus.close()
    walrus = await openWalrus(disk, SEGMENTS)
    expect(await readAll(walrus, 'gone')).to.deep.equal(['new'])
    expect(textOf(await walrus.readNext('gone'))).to.equal('new')
    expect(walrus.entryCount('kept')).to.equal(3)
  })

  it('give up what stands before an offset, exactly, and for good', async () => {
    await appendMany(walrus, 't', 30)
    await walrus.truncateBefore('t', 17)
    const check = async (): Promise<void> => {
      expect((await walrus.read('t', 0))[0]?.offset).to.equal(17)
      expect(walrus.entryCount('t')).to.equal(13)
      expect((await walrus.readNext('t', { checkpoint: false }))?.offset).to.equal(17)
      expect(walrus.unreadCount('t')).to.equal(13)
    }
    await check()
    await walrus.close()
    walrus = await openWalrus(disk, SEGMENTS)
    await check()
    expect(await walrus.append('t', bytesOf('next'))).to.equal(30)
  })

  it('are truncated at their end at most', async () => {
    await appendMany(walrus, 't', 3)
    await walrus.truncateBefore('t', 1000)
    expect(walrus.entryCount('t')).to.equal(0)
    expect(await walrus.append('t', bytesOf('next'))).to.equal(3)
    expect((await walrus.read('t', 0)).map(({ offset }) => offset)).to.deep.equal([3])
  })

  it('are clean until something is appended, and when they are marked', async () => {
    expect(walrus.isClean('t')).to.equal(true)
    await walrus.append('t', bytesOf('a'))
    expect(walrus.isClean('t')).to.equal(false)
    await walrus.markClean('t')
    expect(walrus.isClean('t')).to.equal(true)
    await walrus.close()
    walrus = await openWalrus(disk, SEGMENTS)
    expect(walrus.isClean('t')).to.equal(true)
    await walrus.appendBatch('t', [bytesOf('b')])
    expect(walrus.isClean('t')).to.equal(false)
    await walrus.close()
    walrus = await openWalrus(disk, SEGMENTS)
    expect(walrus.isClean('t')).to.equal(false)
    await walrus.markClean('t')
    await walrus.markDirty('t')
    expect(walrus.isClean('t')).to.equal(false)
  })
})

describe('retention of an instance', () => {
  it('keeps about so many bytes, gives space and files back, and goes on after a restart', async () => {
    const disk = new FaultyDisk()
    const settings = { retention: { bytes: 8000 } }
    let walrus = await openWalrus(disk, settings)
    await appendMany(walrus, 't', 400)
    await walrus.enforceRetention()
    const { storedBytes, fileCount } = walrus.statistics()
    expect(storedBytes).to.be.below(10_000)
    expect(fileCount).to.be.at.most(2)
    const [oldest] = await walrus.read('t', 0)
    expect(oldest?.offset).to.be.above(350)
    expect(textOf(oldest)).to.match(new RegExp(`^${oldest?.offset} `))
    await walrus.close()
    walrus = await openWalrus(disk, settings)
    expect((await walrus.read('t', 0))[0]?.offset).to.equal(oldest?.offset)
    await appendMany(walrus, 't', 400, 400)
    expect(walrus.statistics().fileCount).to.be.at.most(3)
    await walrus.close()
  })

  it('drops what is old when the check comes, the open segment included', async () => {
    const clock = new ManualClock({ autoDefer: true })
    const walrus = await openWalrus(new FaultyDisk(), { clock, retention: { ageMs: 60_000 }, retentionCheckMs: 5000 })
    await appendMany(walrus, 't', 3)
    clock.advance(30_000)
    await walrus.enforceRetention()
    expect(walrus.entryCount('t')).to.equal(3)
    clock.advance(30_000)
    await walrus.enforceRetention()
    await walrus.append('t', bytesOf('later'))
    await walrus.enforceRetention()
    expect((await walrus.read('t', 0)).map(({ offset }) => offset)).to.deep.equal([3])
    await walrus.close()
  })

  it('frees what every cursor has passed where the topic asks for it', async () => {
    const retention = (topic: string): { consumed?: boolean } => (topic === 'queue' ? { consumed: true } : {})
    const walrus = await openWalrus(new FaultyDisk(), { ...SEGMENTS, retention })
    await appendMany(walrus, 'queue', 20)
    await appendMany(walrus, 'log', 20)
    const slow = walrus.cursor('queue', 'slow')
    await slow.nextBatch({ maxEntries: 9, maxBytes: 1e6 })
    await walrus.readBatch('queue')
    await walrus.readBatch('log')
    await walrus.enforceRetention()
    const [oldest] = await walrus.read('queue', 0)
    expect(oldest?.offset).to.be.within(5, 9)
    expect((await walrus.read('log', 0))[0]?.offset).to.equal(0)
    expect((await slow.next())?.offset).to.equal(9)
    await walrus.close()
  })

  it('refuses a policy that is none', async () => {
    expect((await failureOf(openWalrus(new FaultyDisk(), { retention: { bytes: -1 } }))).code).to.equal(
      'INVALID_ARGUMENT',
    )
    const retention = (): { ageMs: number } => ({ ageMs: 0 })
    const walrus = await openWalrus(new FaultyDisk(), { retention })
    expect((await failureOf(walrus.append('t', bytesOf('a')))).code).to.equal('INVALID_ARGUMENT')
    await walrus.close()
  })
})

describe('an append that must be durable', () => {
  it('survives a power loss under any schedule', async () => {
    const disk = new FaultyDisk()
    const walrus = await openWalrus(disk, { fsync: { kind: 'none' } })
    await walrus.append('t', bytesOf('a'))
    await walrus.append('t', bytesOf('b'), { durable: true })
    await walrus.appendBatch('t', [bytesOf('c')], { durable: true })
    await walrus.append('t', bytesOf('lost'))
    const recovered = await openWalrus(disk.crash(() => 1 - Number.EPSILON))
    expect(await readAll(recovered, 't')).to.deep.equal(['a', 'b', 'c'])
    await recovered.close()
  })
})
