import { EMPTY_TOPIC_STATE, type SegmentLog } from '@walrus/core'
import { expect } from 'chai'
import { MemoryLogStorage, type MemoryLogDisk } from './memory-log-storage.js'

const segment = { topic: 'logs', segment: 2, baseOffset: 10, epoch: 2, topicState: EMPTY_TOPIC_STATE }
const everything = { maxEntries: 100, maxBytes: 1000 }

describe('memory log storage', () => {
  it('commits what one turn appended together, and shows it only then', async () => {
    const log = new MemoryLogStorage().create(segment)
    const [first, second] = [log.append(bytes('a')), log.append(bytes('b'))]
    expect(second).to.equal(first)
    expect([first.firstOffset, first.lastOffset, first.state]).to.deep.equal([10, 11, 'pending'])
    expect([log.entryCount, log.appendedCount]).to.deep.equal([0, 2])
    expect(await log.read(0, everything)).to.deep.equal([])
    await first.done()
    expect([log.entryCount, log.appendedCount]).to.deep.equal([2, 2])
    expect((await log.read(1, everything)).map((entry) => [entry.offset, text(entry.data)])).to.deep.equal([[11, 'b']])
  })

  it('keeps over a restart what was committed, and nothing else', async () => {
    const disk: MemoryLogDisk = new Map()
    const before = new MemoryLogStorage(disk)
    const log = before.create(segment)
    log.append(bytes('kept'))
    await log.commitCursor('shared', 11).done()
    log.append(bytes('lost'))
    before.crash()
    await new Promise(setImmediate)
    const after = new MemoryLogStorage(disk).segment(segment)
    expect(after?.entryCount).to.equal(1)
    expect(after?.topicState.cursors.get('shared')).to.equal(11)
  })

  it('fails a commit with all that was appended since, and leaves no hole', async () => {
    let failing = true
    const commit = async (): Promise<void> => {
      if (failing) throw new Error('disk full')
    }
    const log = new MemoryLogStorage(new Map(), { commit }).create(segment)
    const first = log.append(bytes('a'))
    expect(await reasonOf(first.done())).to.equal('disk full')
    failing = false
    const second = log.append(bytes('b'))
    expect(second.firstOffset).to.equal(10)
    await second.done()
    expect(log.entryCount).to.equal(1)
  })

  it('reads within both limits, and at least one entry', async () => {
    const log = new MemoryLogStorage().create(segment)
    await log.appendBatch([bytes('aa'), bytes('bb'), bytes('cc')]).done()
    const offsets = async (maxEntries: number, maxBytes: number): Promise<number[]> =>
      (await log.read(0, { maxEntries, maxBytes })).map((entry) => entry.offset)
    expect(await offsets(2, 100)).to.deep.equal([10, 11])
    expect(await offsets(9, 5)).to.deep.equal([10, 11])
    expect(await offsets(9, 1)).to.deep.equal([10])
  })

  it('seals once what was in flight is settled, and appends no more', async () => {
    const storage = new MemoryLogStorage()
    const log: SegmentLog = storage.create(segment)
    const ticket = log.append(bytes('a'))
    const sealing = log.seal()
    expect(() => log.append(bytes('b'))).to.throw('Cannot append to "t_logs_s_2": the segment is sealed')
    await sealing
    expect([ticket.state, log.entryCount]).to.deep.equal(['committed', 1])
    expect(new MemoryLogStorage(storage.disk).segment(segment)?.sealed).to.equal(true)
  })
})

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value)
}

async function reasonOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'resolved',
    (error: Error) => error.message,
  )
}
