import { crc32 } from '@walrus/protocol'
import { ManualClock } from '@walrus/testing'
import { expect } from 'chai'
import { BufferPool } from '../commit/buffer-pool.js'
import { PendingBatches, ticketsOf, type TakenBatches } from './pending-batches.js'

const BATCH_BYTES_MAX = 1000

describe('pending batches', () => {
  let pending: PendingBatches

  beforeEach(() => {
    const context = { pool: new BufferPool(1 << 20), clock: new ManualClock(), checksum: crc32 }
    pending = new PendingBatches({ ...context, batchBytesMax: BATCH_BYTES_MAX }, { baseOffset: 100, nextIndex: 7 })
  })

  /** Of each batch: where it begins, and how many entries it has. */
  const shape = ({ batches }: TakenBatches): number[][] =>
    batches.map(({ firstIndex, entryCount }) => [firstIndex, entryCount])
  const append = (bytes: number): number => pending.append(new Uint8Array(bytes)).lastOffset

  it('gathers entries until a batch is full, and gives them offsets in the order of the calls', () => {
    expect([append(400), append(400), append(400)]).to.deep.equal([107, 108, 109])
    expect(shape(pending.take())).to.deep.equal([
      [7, 2],
      [9, 1],
    ])
    expect(pending.isEmpty).to.equal(true)
  })

  it('hands over about so many bytes, but one batch at least, and the rest later', () => {
    for (let nth = 0; nth < 4; nth++) append(900)
    const parts = [pending.take(1), pending.take(2500), pending.take(2500), pending.take(2500)]
    expect(parts.map(shape)).to.deep.equal([
      [[7, 1]],
      [
        [8, 1],
        [9, 1],
      ],
      [[10, 1]],
      [],
    ])
    for (const { batches, totalBytes } of parts)
      expect(totalBytes).to.equal(batches.reduce((sum, batch) => sum + batch.totalBytes, 0))
  })

  it('hands cursors over with the last batch, so that none is committed before what it was called behind', () => {
    append(900)
    append(900)
    const ticket = pending.commitCursor('shared', 101)
    const first = pending.take(1)
    expect([first.cursors.size, first.cursorTicket]).to.deep.equal([0, undefined])
    const second = pending.take(1)
    expect([...second.cursors]).to.deep.equal([['shared', 101]])
    expect(ticketsOf(second)).to.include(ticket)
  })

  it('keeps what is committed next apart from what was handed over', () => {
    append(10)
    const taken = pending.take()
    pending.commitCursor('shared', 101)
    append(10)
    expect([taken.cursors.size, ...shape(taken)]).to.deep.equal([0, [7, 1]])
    expect(shape(pending.take())).to.deep.equal([[8, 1]])
  })

  it('adds nothing to a batch that is full, however little it is', () => {
    const entries = [new Uint8Array(BATCH_BYTES_MAX), new Uint8Array(BATCH_BYTES_MAX)]
    pending.appendAll(entries, 2 * (BATCH_BYTES_MAX + 4))
    append(0)
    expect(shape(pending.take())).to.deep.equal([
      [7, 2],
      [9, 1],
    ])
  })

  it('shares the newest ticket with a call that appends nothing', () => {
    append(10)
    expect(pending.newestTicket.state).to.equal('pending')
    pending.take()
    expect(pending.newestTicket).to.include({ state: 'committed', lastOffset: 107 })
  })
})
