import { expect } from 'chai'
import fc from 'fast-check'
import { crc32 } from '../crc32.js'
import { encodeControlPayload } from './control.js'
import { writeEntry } from './entries.js'
import { BATCH_HEADER_BYTES, writeBatchHeader, type BatchHeader } from './header.js'
import { readWholeBatch } from './whole-batch.js'

const entries = new Uint8Array(9)
writeEntry(entries, writeEntry(entries, 0, Uint8Array.of(7)), Uint8Array.of())

describe('readWholeBatch', () => {
  it('has the header of entries', () => {
    const batch = readWholeBatch(batchOf(entries, { entryCount: 2 }), crc32)
    expect(batch).to.deep.include({ records: [] })
    expect(batch).to.have.nested.property('header.firstIndex', 5)
  })

  it('has the records of a control batch', () => {
    const records = [{ kind: 'cursor', name: 'a', offset: 3 }] as const
    const batch = readWholeBatch(batchOf(encodeControlPayload(records), { control: true, entryCount: 0 }), crc32)
    expect(batch).to.deep.include({ records })
  })

  const faults: readonly (readonly [string, Uint8Array, string])[] = [
    ['no bytes', new Uint8Array(0), 'batch header: short'],
    ['a byte behind it', Uint8Array.of(...batchOf(entries, { entryCount: 2 }), 0), 'batch length'],
    ['a byte less', batchOf(entries, { entryCount: 2 }).subarray(0, -1), 'batch length'],
    ['another payload', batchOf(entries, { entryCount: 2, payloadCrc: 1 }), 'payload checksum'],
    ['fewer entries than there are', batchOf(entries, { entryCount: 1 }), 'entries: surplus-bytes'],
    ['a record of no known kind', batchOf(entries, { control: true, entryCount: 0 }), 'control records: truncated'],
    [
      'compression',
      batchOf(entries, { entryCount: 2, compressed: true }),
      'it is compressed, which this release does not read',
    ],
  ]
  for (const [name, bytes, fault] of faults) {
    it(`is refused for ${name}: ${fault}`, () => expect(readWholeBatch(bytes, crc32)).to.equal(fault))
  }

  it('is never an exception, and no changed byte gets through', () => {
    const batch = batchOf(entries, { entryCount: 2 })
    fc.assert(
      fc.property(fc.nat(batch.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = batch.slice()
        bytes[at]! ^= change
        expect(readWholeBatch(bytes, crc32)).to.be.a('string')
      }),
    )
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void expect(readWholeBatch(bytes, crc32)).to.be.a('string')))
  })
})

function batchOf(payload: Uint8Array, header: Partial<BatchHeader>): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + payload.length)
  bytes.set(payload, BATCH_HEADER_BYTES)
  const numbers = { firstIndex: 5, timestampMs: 1, producerId: 0, producerSequence: 0, epoch: 1, entryCount: 0 }
  const size = { payloadBytes: payload.length, payloadCrc: crc32(payload) }
  writeBatchHeader(bytes, 0, { control: false, compressed: false, ...numbers, ...size, ...header }, crc32)
  return bytes
}
