import type { SegmentLog } from '@walrus/core'
import { EMPTY_TOPIC_STATE } from '@walrus/core'
import { FaultyDisk, ManualClock, type DiskOperation, type Verdict } from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, failureOf, openStorage, problemList, textsOf, turnsOfTheLoop } from '../harness.test.js'
import type { SegmentStore } from '../log/segment-store.js'

const LIMITS = { maxEntries: 100, maxBytes: 1 << 20 }

/** A disk whose operations are noted, held, or failed as the test says. */
class WatchedDisk {
  readonly disk = new FaultyDisk({ onOperation: (operation) => this.#note(operation) })
  readonly syncs: string[] = []
  decide: (operation: DiskOperation) => Verdict | Promise<Verdict> = () => undefined

  #note(operation: DiskOperation): Verdict | Promise<Verdict> {
    const { kind, moment, file } = operation
    if (moment === 'before' && (kind === 'sync' || kind === 'durable write')) this.syncs.push(file)
    return this.decide(operation)
  }
}

function create(storage: SegmentStore, topic: string): SegmentLog {
  return storage.create({ topic, segment: 1, baseOffset: 0, epoch: 1, topicState: EMPTY_TOPIC_STATE })
}

/** A gate at which operations wait. */
function gate(): { readonly opened: Promise<undefined>; readonly open: () => void } {
  let open: () => void = () => undefined
  const opened = new Promise<undefined>((resolve) => (open = () => resolve(undefined)))
  return { opened, open }
}

describe('group commit', () => {
  let watched: WatchedDisk
  let storage: SegmentStore
  let logs: SegmentLog[]

  beforeEach(async () => {
    watched = new WatchedDisk()
    storage = await openStorage(watched.disk)
    logs = Array.from({ length: 6 }, (_, nth) => create(storage, `topic-${nth}`))
    await Promise.all(logs.map((log) => log.append(bytesOf('first')).done()))
    watched.syncs.length = 0
  })

  it('makes all topics of one turn durable with one sync', async () => {
    await Promise.all(logs.map((log) => log.append(bytesOf('second')).done()))
    expect(watched.syncs).to.have.length(1)
    expect(logs.map(({ entryCount }) => entryCount)).to.deep.equal([2, 2, 2, 2, 2, 2])
  })

  it('takes all that arrives during a commit into the next one, from every topic', async () => {
    const { opened, open } = gate()
    watched.decide = ({ kind }) => (kind === 'sync' || kind === 'durable write' ? opened : undefined)
    const first = logs[0]!.append(bytesOf('under way')).done()
    await turnsOfTheLoop(2)
    const later = logs.flatMap((log) => Array.from({ length: 50 }, () => log.append(bytesOf('later')).done()))
    await turnsOfTheLoop(2)
    expect(watched.syncs, 'one commit is under way').to.have.length(1)
    open()
    await Promise.all([first, ...later])
    expect(watched.syncs).to.have.length(2)
    expect(logs.map(({ entryCount }) => entryCount)).to.deep.equal([52, 51, 51, 51, 51, 51])
  })

  it('gives offsets in call order, and shows entries only when they are committed', async () => {
    const [log] = logs
    const tickets = [
      log!.append(bytesOf('a')),
      log!.appendBatch([bytesOf('b'), bytesOf('c')]),
      log!.append(bytesOf('d')),
    ]
    expect(log!.appendedCount).to.equal(5)
    expect([log!.entryCount, (await log!.read(1, LIMITS)).length]).to.deep.equal([1, 0])
    await Promise.all(tickets.map((ticket) => ticket.done()))
    expect(textsOf(await log!.read(0, LIMITS))).to.deep.equal(['first', 'a', 'b', 'c', 'd'])
  })

  it('settles tickets in the order of their batches', async () => {
    const storageOfSmallBatches = await openStorage(new FaultyDisk(), { batchBytesMax: 10 })
    const log = create(storageOfSmallBatches, 'logs')
    const settled: number[] = []
    for (const text of ['one', 'two', 'three']) {
      const ticket = log.append(bytesOf(text.repeat(4)))
      ticket.onSettled(({ firstOffset }) => settled.push(firstOffset))
    }
    await log.drain()
    expect(settled).to.deep.equal([0, 1, 2])
  })

  it('commits a cursor without an entry, the last of several alone', async () => {
    const [log] = logs
    const tickets = [3, 7, 5].map((offset) => log!.commitCursor('shared', offset))
    expect(new Set(tickets).size, 'they share one').to.equal(1)
    expect(tickets[0]!.lastOffset).to.equal(tickets[0]!.firstOffset - 1)
    expect(log!.topicState.cursors.get('shared')).to.equal(undefined)
    await tickets[0]!.done()
    expect(log!.topicState.cursors.get('shared')).to.equal(5)
    expect(log!.entryCount).to.equal(1)
  })

  it('rejects what was appended to the same topic since, and gives its offsets again', async () => {
    const { opened, open } = gate()
    watched.decide = async ({ kind, moment }) => {
      if (moment !== 'before' || kind !== 'durable write') return undefined
      await opened
      return 'EIO'
    }
    const first = logs[0]!.append(bytesOf('lost'))
    await turnsOfTheLoop(2)
    const since = logs[0]!.append(bytesOf('lost too'))
    expect([first.lastOffset, since.lastOffset]).to.deep.equal([1, 2])
    open()
    expect((await failureOf(first.done())).code).to.equal('FILE_FAILED')
    expect((await failureOf(since.done())).code).to.equal('FILE_FAILED')
    watched.decide = () => undefined
    const next = logs[0]!.append(bytesOf('kept'))
    expect(next.lastOffset).to.equal(1)
    await next.done()
    expect(textsOf(await logs[0]!.read(0, LIMITS))).to.deep.equal(['first', 'kept'])
  })
})

describe('group commit over several files', () => {
  /** Two topics in two files of one block each. */
  async function inTwoFiles(watched: WatchedDisk): Promise<{ readonly one: SegmentLog; readonly two: SegmentLog }> {
    const storage = await openStorage(watched.disk, { fileBytes: 13_000 })
    const one = create(storage, 'one')
    await one.append(bytesOf('first')).done()
    const two = create(storage, 'two')
    await two.append(bytesOf('first')).done()
    expect(watched.disk.contents('000000000002'), 'there is a second file').not.to.equal(undefined)
    return { one, two }
  }

  it('fails only those whose file failed', async () => {
    const watched = new WatchedDisk()
    const { one, two } = await inTwoFiles(watched)
    watched.decide = ({ file, moment }) => (file === '000000000001' && moment === 'before' ? 'EIO' : undefined)
    const [lost, kept] = [one.append(bytesOf('lost')), two.append(bytesOf('kept'))]
    const failure = await failureOf(lost.done())
    expect(failure.message).to.contain('000000000001')
    await kept.done()
    expect([one.entryCount, two.entryCount]).to.deep.equal([1, 2])
  })

  it('fails only those who need a file that cannot be made', async () => {
    const watched = new WatchedDisk()
    const { one, two } = await inTwoFiles(watched)
    watched.decide = ({ kind, moment }) => (kind === 'create' && moment === 'before' ? 'ENOSPC' : undefined)
    const [lost, kept] = [one.append(new Uint8Array(30_000)), two.append(bytesOf('kept'))]
    expect((await failureOf(lost.done())).code).to.equal('DISK_FULL')
    await kept.done()
    watched.decide = () => undefined
    const again = one.append(new Uint8Array(30_000))
    expect(again.lastOffset).to.equal(1)
    await again.done()
  })
})

describe('fsync schedules', () => {
  const SECOND_MS = 1000

  it('resolves before any sync when told to sync now and then, and syncs when the time has come', async () => {
    const watched = new WatchedDisk()
    const clock = new ManualClock({ autoDefer: true })
    const storage = await openStorage(watched.disk, { clock, fsync: { kind: 'interval', milliseconds: SECOND_MS } })
    const log = create(storage, 'logs')
    await log.append(bytesOf('a')).done()
    watched.syncs.length = 0
    await log.append(bytesOf('b')).done()
    clock.advance(SECOND_MS - 1)
    await turnsOfTheLoop(2)
    expect([log.entryCount, watched.syncs.length, clock.timerCount]).to.deep.equal([2, 0, 1])
    clock.advance(1)
    await turnsOfTheLoop(2)
    expect([watched.syncs.length, clock.timerCount]).to.deep.equal([1, 0])
  })

  it('syncs in time though appends never pause', async () => {
    const watched = new WatchedDisk()
    const clock = new ManualClock({ autoDefer: true })
    const storage = await openStorage(watched.disk, { clock, fsync: { kind: 'interval', milliseconds: SECOND_MS } })
    const log = create(storage, 'logs')
    const goOn = (): void => {
      if (log.entryCount < 50) log.append(bytesOf('next')).onSettled(goOn)
    }
    goOn()
    while (log.entryCount < 10) await turnsOfTheLoop(1)
    expect(clock.timerCount).to.equal(1)
    await log.drain()
  })

  it('tells of a failed sync in the background, and rejects each later sync and the close', async () => {
    const watched = new WatchedDisk()
    const clock = new ManualClock({ autoDefer: true })
    const { problems, onProblem } = problemList()
    const fsync = { kind: 'interval', milliseconds: SECOND_MS } as const
    const storage = await openStorage(watched.disk, { clock, fsync, onProblem })
    const log = create(storage, 'logs')
    await log.append(bytesOf('a')).done()
    await turnsOfTheLoop(1)
    watched.decide = ({ kind, moment }) => (kind === 'sync' && moment === 'before' ? 'EIO' : undefined)
    clock.advance(SECOND_MS)
    await turnsOfTheLoop(2)
    expect(problems).to.deep.equal(['Cannot sync "000000000001": i/o error (EIO)'])
    watched.decide = () => undefined
    expect((await failureOf(storage.sync())).code).to.equal('FILE_FAILED')
    await log.append(bytesOf('in another file')).done()
    expect((await failureOf(storage.sync())).code).to.equal('FILE_FAILED')
    expect(textsOf(await log.read(0, LIMITS))).to.deep.equal(['a', 'in another file'])
    expect((await failureOf(storage.close())).code).to.equal('FILE_FAILED')
    await (await watched.disk.open()).close()
  })

  it('syncs nothing by itself when told not to, until it is asked', async () => {
    const watched = new WatchedDisk()
    const storage = await openStorage(watched.disk, { fsync: { kind: 'none' } })
    const log = create(storage, 'logs')
    await log.append(bytesOf('a')).done()
    watched.syncs.length = 0
    for (let nth = 0; nth < 20; nth++) await log.append(bytesOf('b')).done()
    expect(watched.syncs).to.have.length(0)
    await storage.sync()
    expect(watched.syncs).to.have.length(1)
    expect((await openStorage(watched.disk.crash(() => 0.999999))).segment(log)?.entryCount).to.equal(21)
  })

  it('waits with a sync for the one under way, which may have what this one promises', async () => {
    const watched = new WatchedDisk()
    const storage = await openStorage(watched.disk, { fsync: { kind: 'none' } })
    const log = create(storage, 'logs')
    await log.append(bytesOf('a')).done()
    const { opened, open } = gate()
    watched.decide = ({ kind }) => (kind === 'sync' ? opened : undefined)
    const first = storage.sync()
    let secondIsDone = false
    const second = storage.sync().then(() => (secondIsDone = true))
    await turnsOfTheLoop(3)
    expect(secondIsDone).to.equal(false)
    open()
    await Promise.all([first, second])
  })

  it('lets segments commit beside each other when nobody waits for a sync', async () => {
    const watched = new WatchedDisk()
    const storage = await openStorage(watched.disk, { fsync: { kind: 'none' } })
    const [one, two] = [create(storage, 'one'), create(storage, 'two')]
    await Promise.all([one.append(bytesOf('a')).done(), two.append(bytesOf('a')).done()])
    const { opened, open } = gate()
    let held = false
    watched.decide = ({ kind, moment }) => {
      if (held || kind !== 'write' || moment !== 'before') return undefined
      held = true
      return opened
    }
    const slow = one.append(bytesOf('b')).done()
    await turnsOfTheLoop(2)
    await two.append(bytesOf('b')).done()
    expect([one.entryCount, two.entryCount]).to.deep.equal([1, 2])
    open()
    await slow
  })

  it('writes a mebibyte after the other when nobody waits for a sync, and rejects what stood behind one that failed', async () => {
    const watched = new WatchedDisk()
    const storage = await openStorage(watched.disk, { fsync: { kind: 'none' }, fileBytes: 1 << 24 })
    const log = create(storage, 'logs')
    await log.append(bytesOf('first')).done()
    const commitSizes: number[] = []
    let failing = false
    watched.decide = ({ kind, moment }) => {
      if (kind !== 'write' || moment !== 'before') return undefined
      commitSizes.push(log.entryCount)
      return failing ? 'EIO' : undefined
    }
    const large = new Uint8Array(700 * 1024)
    const good = [1, 2, 3].map(() => log.append(large).done())
    await Promise.all(good)
    expect([...new Set(commitSizes)], 'committed when a write began').to.deep.equal([1, 2, 3])
    failing = true
    const bad = [1, 2, 3].map(() => failureOf(log.append(large).done()))
    expect((await Promise.all(bad)).map(({ code }) => code)).to.deep.equal(['IO_FAILED', 'IO_FAILED', 'IO_FAILED'])
    failing = false
    expect(log.append(bytesOf('next')).lastOffset).to.equal(4)
    await log.drain()
    expect(log.entryCount).to.equal(5)
  })
})
