import { EMPTY_TOPIC_STATE, type NewSegment, type SegmentLog } from '@walrus/core'
import { failNth, FaultyDisk, seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, failureOf, openStorage, textsOf } from '../harness.test.js'
import type { SegmentStore } from './segment-store.js'

const UNLIMITED = { maxEntries: 10_000, maxBytes: 1 << 24 }
const KEY = { topic: 'logs', segment: 1 }
const NEW: NewSegment = { ...KEY, baseOffset: 0, epoch: 1, topicState: EMPTY_TOPIC_STATE }
const loseAll = (): number => 0.999999

function append(log: SegmentLog, text: string): Promise<void> {
  return log.append(bytesOf(text)).done()
}

async function entriesOf(storage: SegmentStore): Promise<string[] | undefined> {
  const log = storage.segment(KEY)
  return log && textsOf(await log.read(0, UNLIMITED))
}

describe('log storage: after a failure of the disk', () => {
  it('has on stable storage what it shows after a failed sync and the death of the process', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const disk = new FaultyDisk({ onOperation: failNth('sync', 1, 'EIO'), random: seededRandom(seed) })
      const dying = await openStorage(disk)
      expect((await failureOf(append(dying.create(NEW), 'unsure'))).code).to.equal('FILE_FAILED')
      const restarted = disk.kill()
      const next = await openStorage(restarted)
      expect(await entriesOf(next)).to.deep.equal(['unsure'])
      await append(next.segment(KEY)!, 'sure')
      expect(await entriesOf(await openStorage(restarted.crash(loseAll)))).to.deep.equal(['unsure', 'sure'])
    }
  })

  it('keeps a segment empty whose only commit was rejected, though the disk has it', async () => {
    const disk = new FaultyDisk({ onOperation: failNth('write', 2, 'EIO'), random: () => 0.9 })
    const options = { fsync: { kind: 'none' } } as const
    const log = (await openStorage(disk, options)).create(NEW)
    expect((await failureOf(log.append(bytesOf('rejected')).done())).code).to.equal('IO_FAILED')
    await log.seal()
    const storage = await openStorage(disk.crash(seededRandom(1)), options)
    expect([storage.segment(KEY)?.sealed, await entriesOf(storage)]).to.deep.equal([true, []])
  })

  it('never shows a rejected entry later, once recovery has left it out', async () => {
    const options = { fsync: { kind: 'none' } } as const
    for (let seed = 0; seed < 100; seed++) {
      const disk = new FaultyDisk({ onOperation: failNth('write', 4, 'EIO'), random: () => 0.9 })
      const storage = await openStorage(disk, options)
      const log = storage.create(NEW)
      await append(log, 'kept')
      await storage.sync()
      await append(log, 'also kept')
      expect((await failureOf(append(log, 'rejected'))).code).to.equal('IO_FAILED')
      await append(log, 'lost')
      const crashed = disk.crash(seededRandom(seed))
      const recovered = await openStorage(crashed, options)
      const shown = await entriesOf(recovered)
      await append(recovered.segment(KEY)!, 'lost, too')
      expect(await entriesOf(await openStorage(crashed.crash(loseAll), options)), `seed ${seed}`).to.deep.equal(shown)
    }
  })

  it('shows a segment as sealed only when it stays so', async () => {
    const disk = new FaultyDisk({ onOperation: failNth('sync', 2, 'EIO'), random: loseAll })
    const log = (await openStorage(disk)).create(NEW)
    await append(log, 'a')
    expect((await failureOf(log.seal())).code).to.equal('FILE_FAILED')
    const restarted = disk.kill()
    expect((await openStorage(restarted)).segment(KEY)?.sealed).to.equal(true)
    expect((await openStorage(restarted.crash(loseAll))).segment(KEY)?.sealed).to.equal(true)
  })

  it('removes no segment while a file that failed may hold what was rejected', async () => {
    const disk = new FaultyDisk({ onOperation: failNth('sync', 1, 'EIO'), random: () => 0 })
    const storage = await openStorage(disk)
    const log = storage.create(NEW)
    expect((await failureOf(append(log, 'rejected'))).code).to.equal('FILE_FAILED')
    await append(log, 'kept')
    expect((await failureOf(storage.remove(KEY))).code).to.equal('FILE_FAILED')
    const after = disk.crash(loseAll)
    const again = await openStorage(after)
    expect(await entriesOf(again)).to.deep.equal(['kept'])
    await again.remove(KEY)
    expect((await openStorage(after.crash(loseAll))).segment(KEY)).to.equal(undefined)
  })

  it('shows a segment as removed only when it stays so, though the process died in the middle', async () => {
    const disk = new FaultyDisk()
    await append((await openStorage(disk)).create(NEW), 'a')
    const removing = disk.kill({ onOperation: ({ kind }) => (kind === 'sync' && armed ? 'stop' : undefined) })
    let armed = false
    const storage = await openStorage(removing)
    armed = true
    void storage.remove(KEY)
    await removing.stopped
    const restarted = removing.kill()
    expect((await openStorage(restarted)).segment(KEY)).to.equal(undefined)
    expect((await openStorage(restarted.crash(loseAll))).segment(KEY)).to.equal(undefined)
  })

  it('vouches after a recovery for what it has found', async () => {
    const disk = new FaultyDisk()
    await append((await openStorage(disk)).create(NEW), 'known durable since the recovery')
    const crashed = disk.crash(loseAll)
    await (await openStorage(crashed)).close()
    const [file] = crashed.fileNames
    crashed.flipBit(file!, positionOf(crashed.contents(file!)!, 'known durable'))
    const damaged = await openStorage(crashed)
    expect((await failureOf(damaged.segment(KEY)!.read(0, UNLIMITED))).code).to.equal('CORRUPT_DATA')
  })
})

function positionOf(contents: Uint8Array, text: string): number {
  return Buffer.from(contents).indexOf(text)
}
