import { EMPTY_TOPIC_STATE, type NewSegment, type SegmentLog } from '@walrus/core'
import { failNth, FaultyDisk, seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, failureOf, openStorage, textsOf, thrownCode } from '../harness.test.js'
import type { SegmentStore } from './segment-store.js'

const KEY = { topic: 'logs', segment: 1 }
const NEW: NewSegment = { ...KEY, baseOffset: 0, epoch: 1, topicState: EMPTY_TOPIC_STATE }
const loseAll = (): number => 0.999999

async function append(log: SegmentLog, text: string): Promise<void> {
  await log.append(bytesOf(text)).done()
}

async function entriesOf(storage: SegmentStore): Promise<string[] | undefined> {
  const log = storage.segment(KEY)
  return log && textsOf(await log.read(0, { maxEntries: 100, maxBytes: 1 << 20 }))
}

describe('log storage: sealing', () => {
  it('takes no more from the call on, and has everything durable when it resolves', async () => {
    for (const fsync of [{ kind: 'each' }, { kind: 'none' }, { kind: 'interval', milliseconds: 1000 }] as const) {
      const disk = new FaultyDisk()
      const log = (await openStorage(disk, { fsync })).create(NEW)
      const pending = log.append(bytesOf('a'))
      const sealing = log.seal()
      expect(thrownCode(() => log.append(bytesOf('b')))).to.equal('SEGMENT_SEALED')
      expect(thrownCode(() => log.commitCursor('shared', 1))).to.equal('SEGMENT_SEALED')
      await sealing
      expect([log.sealed, log.entryCount, pending.state], fsync.kind).to.deep.equal([true, 1, 'committed'])
      const again = (await openStorage(disk.crash(loseAll))).segment(KEY)
      expect([again?.sealed, again?.entryCount], fsync.kind).to.deep.equal([true, 1])
    }
  })

  it('is the same however often it is asked', async () => {
    const storage = await openStorage(new FaultyDisk())
    const log = storage.create(NEW)
    await append(log, 'a')
    await Promise.all([log.seal(), log.seal()])
    await log.seal()
    expect(await entriesOf(storage)).to.deep.equal(['a'])
  })

  it('leaves nothing of an empty segment', async () => {
    const disk = new FaultyDisk()
    const log = (await openStorage(disk)).create(NEW)
    await log.seal()
    expect([log.sealed, disk.boundaryCount]).to.deep.equal([true, 0])
  })

  it('ends a segment whose file failed in another file, without the entries that were rejected', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const options = { random: seededRandom(seed), onOperation: failNth('durable write', 3, 'EIO') }
      const disk = new FaultyDisk(options)
      const log = (await openStorage(disk)).create(NEW)
      await append(log, 'kept')
      await append(log, 'kept too')
      await failureOf(log.append(bytesOf('rejected')).done())
      await log.seal()
      const storage = await openStorage(disk.crash(seededRandom(seed)))
      expect([storage.segment(KEY)?.sealed, await entriesOf(storage)]).to.deep.equal([true, ['kept', 'kept too']])
    }
  })

  it('can be tried again when the end could not be recorded', async () => {
    const disk = new FaultyDisk({ onOperation: failNth('write', 3, 'ENOSPC') })
    const log = (await openStorage(disk)).create(NEW)
    await append(log, 'a')
    expect((await failureOf(log.seal())).code).to.equal('DISK_FULL')
    expect(thrownCode(() => log.append(bytesOf('b')))).to.equal('SEGMENT_SEALED')
    await log.seal()
    expect((await openStorage(disk.crash(loseAll))).segment(KEY)?.sealed).to.equal(true)
  })

  it('rejects while entries that resolved unsynced may be lost with their file', async () => {
    const disk = new FaultyDisk({ onOperation: failNth('sync', 1, 'EIO') })
    const log = (await openStorage(disk, { fsync: { kind: 'none' } })).create(NEW)
    await append(log, 'a')
    expect((await failureOf(log.seal())).code).to.equal('FILE_FAILED')
    expect((await failureOf(log.seal())).code).to.equal('FILE_FAILED')
  })

  it('waits for no sync when it is told not to', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk, { fsync: { kind: 'none' } })
    const log = storage.create(NEW)
    await append(log, 'a')
    const boundaryCount = disk.boundaryCount
    await log.seal({ durable: false })
    expect([log.sealed, disk.boundaryCount]).to.deep.equal([true, boundaryCount])
    await storage.sync()
    await log.seal()
    const again = (await openStorage(disk.crash(loseAll))).segment(KEY)
    expect([again?.sealed, again?.entryCount]).to.deep.equal([true, 1])
  })

  it('is on disk with the first sync, when it did not wait for one', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk, { fsync: { kind: 'none' } })
    const log = storage.create(NEW)
    await append(log, 'a')
    await log.seal({ durable: false })
    await storage.sync()
    await append(storage.create({ ...NEW, segment: 2, baseOffset: 1 }), 'b')
    await storage.sync()
    expect((await openStorage(disk.crash(loseAll))).segment(KEY)?.sealed).to.equal(true)
  })
})
