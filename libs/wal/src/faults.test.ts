import {
  failNth,
  FaultyDisk,
  randomBelow,
  seededRandom,
  type DiskFault,
  type DiskOperation,
  type Random,
  type Verdict,
} from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, damageIn, failureOf, openWalrus, problemList, readAll, turnsOfTheLoop } from './harness.test.js'
import type { Walrus } from './walrus.js'

const FIRST_FILE = '000000000001'
const SECOND_FILE = '000000000002'

/** A disk that fails what the test points at, from then on. */
class FailingDisk {
  fails: (operation: DiskOperation) => Verdict = () => undefined
  readonly disk: FaultyDisk

  constructor(random: Random = seededRandom(1)) {
    const onOperation = (operation: DiskOperation): Verdict =>
      operation.moment === 'before' ? this.fails(operation) : undefined
    this.disk = new FaultyDisk({ random, onOperation })
  }
}

describe('faults of the disk', () => {
  let failing: FailingDisk
  let walrus: Walrus

  beforeEach(async () => {
    failing = new FailingDisk()
    walrus = await openWalrus(failing.disk)
    await Promise.all([walrus.append('one', bytesOf('a')), walrus.append('two', bytesOf('a'))])
  })

  const CASES: readonly { readonly kind: DiskOperation['kind']; readonly fault: DiskFault; readonly code: string }[] = [
    { kind: 'write', fault: 'ENOSPC', code: 'DISK_FULL' },
    { kind: 'write', fault: 'EIO', code: 'IO_FAILED' },
    { kind: 'sync', fault: 'EIO', code: 'FILE_FAILED' },
    { kind: 'durable write', fault: 'EIO', code: 'FILE_FAILED' },
    { kind: 'durable write', fault: 'ENOSPC', code: 'FILE_FAILED' },
  ]

  for (const { kind, fault, code } of CASES)
    it(`rejects the append on ${fault} in a ${kind}, and goes on at the same offset when it has passed`, async () => {
      failing.fails = (operation) => (operation.kind === kind ? fault : undefined)
      const calls =
        kind === 'durable write'
          ? [walrus.append('one', bytesOf('lost'))]
          : [walrus.append('one', bytesOf('lost')), walrus.append('two', bytesOf('lost'))]
      for (const call of calls) {
        const failure = await failureOf(call)
        expect([failure.code, failure.message.includes(FIRST_FILE)]).to.deep.equal([code, true])
      }
      failing.fails = () => undefined
      expect(await readAll(walrus, 'one'), 'nothing acknowledged is lost').to.deep.equal(['a'])
      expect(await walrus.append('one', bytesOf('b'))).to.equal(1)
      expect(await walrus.append('two', bytesOf('b'))).to.equal(1)
      for (let seed = 0; seed < 10; seed++) {
        const after = await openWalrus(failing.disk.crash(seededRandom(seed)))
        expect([await readAll(after, 'one'), await readAll(after, 'two')]).to.deep.equal([
          ['a', 'b'],
          ['a', 'b'],
        ])
      }
    })

  it('goes on in another file when a sync has failed, and reads both', async () => {
    failing.fails = ({ kind }) => (kind === 'durable write' ? 'EIO' : undefined)
    await failureOf(walrus.append('one', bytesOf('lost')))
    failing.fails = ({ file }) => (file === FIRST_FILE ? 'EIO' : undefined)
    expect(await walrus.append('one', bytesOf('b'))).to.equal(1)
    expect(failing.disk.contents(SECOND_FILE)).not.to.equal(undefined)
    expect(await readAll(walrus, 'one')).to.deep.equal(['a', 'b'])
  })

  it('rejects when no file can be made, and appends again when there is space', async () => {
    failing.fails = ({ kind }) => (kind === 'create' ? 'ENOSPC' : undefined)
    const large = new Uint8Array(100_000)
    const failure = await failureOf(walrus.append('one', large))
    expect([failure.code, failure.message.includes(SECOND_FILE)]).to.deep.equal(['DISK_FULL', true])
    expect(await walrus.append('two', bytesOf('fits still')), 'who fits goes on').to.equal(1)
    failing.fails = () => undefined
    expect(await walrus.append('one', large)).to.equal(1)
  })

  it('fills the space that there is, and loses nothing of it', async () => {
    const disk = new FaultyDisk({ spaceBytes: 64 * 1024 })
    const filling = await openWalrus(disk)
    let acked = 0
    for (; ; acked++) {
      const appended = await filling.append('logs', new Uint8Array(1000)).catch(() => undefined)
      if (appended === undefined) break
      expect(appended).to.equal(acked)
    }
    expect(acked).to.be.greaterThan(20)
    expect((await failureOf(filling.append('logs', new Uint8Array(1000)))).code).to.equal('DISK_FULL')
    await filling.close()
    expect((await openWalrus(disk)).entryCount('logs')).to.equal(acked)
  })

  it('rejects a read that the disk refuses to record, and delivers the entry with the next', async () => {
    failing.fails = ({ kind }) => (kind === 'durable write' ? 'EIO' : undefined)
    expect((await failureOf(walrus.readNext('one'))).code).to.equal('FILE_FAILED')
    failing.fails = () => undefined
    expect((await walrus.readNext('one'))?.offset).to.equal(0)
    expect(await walrus.readNext('one')).to.equal(undefined)
  })

  it('rejects what waits for a roll that fails, and rolls with the next call', async () => {
    const small = new FailingDisk()
    const rolling = await openWalrus(small.disk, { segmentBytesMax: 200 })
    await rolling.append('logs', new Uint8Array(300))
    small.fails = ({ kind }) => (kind === 'write' ? 'ENOSPC' : undefined)
    const waiting = [rolling.append('logs', bytesOf('a')), rolling.appendBatch('logs', [bytesOf('b')])]
    for (const call of waiting) expect((await failureOf(call)).code).to.equal('DISK_FULL')
    small.fails = () => undefined
    expect(await rolling.append('logs', bytesOf('c'))).to.equal(1)
  })

  it('rolls a segment whose file failed, and keeps the entries that were rejected out of the way', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const small = new FailingDisk(seededRandom(seed))
      const rolling = await openWalrus(small.disk, { segmentBytesMax: 200 })
      await rolling.append('logs', new Uint8Array(60))
      small.fails = ({ kind }) => (kind === 'durable write' ? 'EIO' : undefined)
      await failureOf(rolling.append('logs', bytesOf('rejected')))
      small.fails = () => undefined
      for (let nth = 1; nth < 6; nth++) expect(await rolling.append('logs', bytesOf(`kept ${nth}`))).to.equal(nth)
      const after = await openWalrus(small.disk.crash(seededRandom(seed)), { segmentBytesMax: 200 })
      expect((await readAll(after, 'logs')).slice(1)).to.deep.equal([1, 2, 3, 4, 5].map((nth) => `kept ${nth}`))
    }
  })

  it('says at close that entries which resolved unsynced may be lost', async () => {
    const { problems, onProblem } = problemList()
    const disk = new FaultyDisk({ onOperation: failNth('sync', 1, 'EIO') })
    const unsynced = await openWalrus(disk, { fsync: { kind: 'none' }, onProblem })
    await unsynced.append('logs', bytesOf('a'))
    expect((await failureOf(unsynced.close())).message).to.contain(FIRST_FILE)
    expect(problems).to.deep.equal([])
    await (await openWalrus(disk)).close()
  })
})

/*
 * Many runs with random faults at random places, and then the power goes. What was acknowledged is at its offset; what was
 * rejected is nowhere, or behind all that was acknowledged; a batch is whole; the cursor has passed nothing that it did not
 * hand out.
 */
describe('storms of faults', function () {
  this.timeout(60_000)
  const RUNS = 150

  it('never lose what was acknowledged', async () => {
    for (let seed = 1; seed <= RUNS; seed++)
      try {
        await storm(seed)
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
      }
  })

  interface Told {
    readonly acked: Map<number, string>
    readonly batches: string[][]
    readonly unacked: Set<string>
    readonly deliveredOffsets: Set<number>
    handedOutMax: number
  }

  async function storm(seed: number): Promise<void> {
    const random = seededRandom(seed)
    const failing = new FailingDisk(random)
    const settings = { segmentBytesMax: 4000, batchBytesMax: 1500 }
    const walrus = await openWalrus(failing.disk, settings)
    failing.fails = () => (random() < 0.06 ? (random() < 0.5 ? 'EIO' : 'ENOSPC') : undefined)
    const told = new Map(['one', 'two'].map((topic) => [topic, emptyTold()]))
    for (let step = 0; step < 25; step++) {
      const calls = Array.from({ length: 1 + randomBelow(random, 4) }, (_, nth) => {
        const [topic, known] = [...told][randomBelow(random, 2)]!
        return call(walrus, topic, known, random, `${step}.${nth}`)
      })
      await Promise.all(calls)
    }
    await turnsOfTheLoop(2)
    const { problems, onProblem } = problemList()
    const crashed = failing.disk.crash(random)
    expect(await damageIn(crashed), 'a fault is no damage').to.deep.equal([])
    const after = await openWalrus(crashed, { ...settings, onProblem })
    expect(problems, `a fault is no damage: ${problems.join()}`).to.deep.equal([])
    for (const [topic, known] of told) check(await readAll(after, topic), known, after, topic)
  }

  function emptyTold(): Told {
    return { acked: new Map(), batches: [], unacked: new Set(), deliveredOffsets: new Set(), handedOutMax: 0 }
  }

  async function call(walrus: Walrus, topic: string, known: Told, random: Random, label: string): Promise<void> {
    if (random() < 0.35) return read(walrus, topic, known)
    const texts = Array.from({ length: 1 + randomBelow(random, 4) }, (_, nth) =>
      `${topic} ${label} ${nth} `.padEnd(randomBelow(random, 700), '.'),
    )
    for (const text of texts) known.unacked.add(text)
    known.batches.push(texts)
    const appended = walrus.appendBatch(
      topic,
      texts.map((text) => bytesOf(text)),
    )
    await appended.then(
      ({ firstOffset }) => {
        for (const [nth, text] of texts.entries()) {
          known.unacked.delete(text)
          known.acked.set(firstOffset + nth, text)
        }
      },
      () => undefined,
    )
  }

  async function read(walrus: Walrus, topic: string, known: Told): Promise<void> {
    known.handedOutMax = Math.max(known.handedOutMax, known.deliveredOffsets.size) + 1
    const entry = await walrus.readNext(topic).catch(() => undefined)
    if (!entry) return
    expect(known.deliveredOffsets.has(entry.offset), `offset ${entry.offset} is delivered again`).to.equal(false)
    known.deliveredOffsets.add(entry.offset)
  }

  function check(recovered: readonly string[], known: Told, walrus: Walrus, topic: string): void {
    const ackedEnd = Math.max(-1, ...known.acked.keys()) + 1
    expect(recovered.length).to.be.at.least(ackedEnd)
    for (const [offset, text] of known.acked) expect(recovered[offset], `${topic} ${offset}`).to.equal(text)
    const tail = recovered.slice(ackedEnd)
    expect(new Set(tail).size, 'nothing comes twice').to.equal(tail.length)
    for (const text of tail) expect([...known.unacked], 'what nobody appended').to.include(text)
    const position = walrus.entryCount(topic) - walrus.unreadCount(topic)
    const delivered = Math.max(-1, ...known.deliveredOffsets) + 1
    expect(position, `cursor of ${topic}`).to.be.within(delivered, Math.max(delivered, known.handedOutMax))
    for (const batch of known.batches) {
      const kept = batch.filter((text) => recovered.includes(text)).length
      expect([0, batch.length], 'entries of a batch').to.include(kept)
    }
  }
})
