import { checkBatchPayload, crc32, EntryReader, readBatchHeader, type BatchHeader } from '@walrus/protocol'
import { expect } from 'chai'
import fc from 'fast-check'
import { FRAME_BYTES } from '../format/frame.js'
import { BatchTicket } from './batch-ticket.js'
import { BufferPool } from './buffer-pool.js'
import { BATCH_OVERHEAD_BYTES, OpenBatch } from './open-batch.js'

const EPOCH = 4

function batchOf(entries: readonly Uint8Array[], hint = 0): OpenBatch {
  const batch = new OpenBatch(new BufferPool(1 << 20), new BatchTicket(100), 100, 5, hint)
  for (const entry of entries) batch.append(entry)
  return batch
}

function entriesIn(bytes: Uint8Array): Buffer[] {
  const header = readBatchHeader(bytes, FRAME_BYTES, crc32) as BatchHeader
  expect(checkBatchPayload(bytes, FRAME_BYTES, header, crc32), 'the payload has its checksum').to.equal(true)
  const reader = new EntryReader(bytes, BATCH_OVERHEAD_BYTES, bytes.length, header.entryCount)
  const entries: Buffer[] = []
  while (reader.next()) entries.push(Buffer.from(bytes.subarray(reader.start, reader.end)))
  expect(reader.fault).to.equal(undefined)
  return entries
}

describe('open batch', () => {
  it('encodes what was appended, however it has to grow', () => {
    const lists = fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(lists, fc.nat(5000), (entries, hint) => {
        const batch = batchOf(entries, hint)
        const bytes = batch.encode(EPOCH, crc32)
        expect(entriesIn(bytes)).to.deep.equal(entries.map((entry) => Buffer.from(entry)))
        expect([bytes.length, batch.entryCount]).to.deep.equal([batch.totalBytes, entries.length])
      }),
    )
  })

  it('says in its header what the log knows of it', () => {
    const header = readBatchHeader(batchOf([Buffer.from('a')]).encode(EPOCH, crc32), FRAME_BYTES, crc32)
    expect(header).to.include({ control: false, entryCount: 1, firstIndex: 100, timestampMs: 5, epoch: EPOCH })
  })

  it('copies the entry when it is appended', () => {
    const entry = Buffer.from('before')
    const batch = batchOf([entry])
    entry.fill('x')
    expect(entriesIn(batch.encode(EPOCH, crc32)).map(String)).to.deep.equal(['before'])
  })

  it('gives its buffer back once', () => {
    const pool = new BufferPool(1 << 20)
    const batch = new OpenBatch(pool, new BatchTicket(0), 0, 0, 0)
    batch.append(Buffer.from('a'))
    batch.recycle()
    batch.recycle()
    expect(pool.take(100)).not.to.equal(pool.take(100))
  })

  it('is the same batch whether it was closed before it is encoded or not', () => {
    const closed = batchOf([Buffer.from('a'), Buffer.from('b')])
    closed.close(crc32)
    expect(closed.closed).to.equal(true)
    const other = batchOf([Buffer.from('a'), Buffer.from('b')]).encode(EPOCH, crc32)
    expect(closed.encode(EPOCH, crc32).subarray(FRAME_BYTES)).to.deep.equal(other.subarray(FRAME_BYTES))
  })
})
