import { expect } from 'chai'
import fc from 'fast-check'
import { writeU32 } from '../little-endian.js'
import { EntryReader, writeEntry } from './entries.js'
import type { EntryFault } from './entries.js'
import { ENTRY_HEADER_BYTES } from './header.js'

const anyEntries = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })

function payloadOf(entries: readonly Uint8Array[]): Uint8Array {
  const size = entries.reduce((sum, entry) => sum + ENTRY_HEADER_BYTES + entry.length, 0)
  const bytes = new Uint8Array(size)
  let at = 0
  for (const entry of entries) at = writeEntry(bytes, at, entry)
  expect(at).to.equal(size)
  return bytes
}

function read(bytes: Uint8Array, entryCount: number, start = 0, end = bytes.length) {
  const reader = new EntryReader(bytes, start, end, entryCount)
  const entries: Uint8Array[] = []
  while (reader.next()) entries.push(bytes.slice(reader.start, reader.end))
  expect(reader.next(), 'the end is the end').to.equal(false)
  return { entries, fault: reader.fault }
}

describe('entries of a payload', () => {
  it('lie behind their lengths', () => {
    const bytes = payloadOf([Uint8Array.of(7, 8), new Uint8Array(0)])
    expect([...bytes]).to.deep.equal([2, 0, 0, 0, 7, 8, 0, 0, 0, 0])
  })

  it('are read back as they were written, in the middle of other bytes', () => {
    fc.assert(
      fc.property(anyEntries, fc.nat(5), (entries, before) => {
        const payload = payloadOf(entries)
        const bytes = new Uint8Array(before + payload.length + 5).fill(0xff)
        bytes.set(payload, before)
        const result = read(bytes, entries.length, before, before + payload.length)
        expect(result).to.deep.equal({ entries, fault: undefined })
      }),
    )
  })

  const two = payloadOf([Uint8Array.of(1), Uint8Array.of(2)])
  const faults: readonly (readonly [string, Uint8Array, number, EntryFault, number])[] = [
    ['one entry too few', two, 3, 'missing-entries', 2],
    ['one entry too many', two, 1, 'surplus-bytes', 1],
    ['an end inside a length', two.subarray(0, 8), 2, 'short-length', 1],
    ['an end inside an entry', two.subarray(0, 9), 2, 'short-entry', 1],
    ['nothing', new Uint8Array(0), 1, 'missing-entries', 0],
    ['the largest length', Uint8Array.of(255, 255, 255, 255, 0), 1, 'short-entry', 0],
    ['bytes that no entry accounts for', Uint8Array.of(0), 0, 'surplus-bytes', 0],
  ]
  for (const [name, bytes, entryCount, fault, readable] of faults) {
    it(`are refused for ${name}: ${fault}`, () => {
      const result = read(bytes, entryCount)
      expect(result.fault).to.equal(fault)
      expect(result.entries).to.have.length(readable)
    })
  }

  it('never reach beyond the bytes, whatever end is claimed', () => {
    expect(read(two, 2, 0, 1000)).to.deep.equal({ entries: [Uint8Array.of(1), Uint8Array.of(2)], fault: undefined })
    expect(read(two, 3, 0, 1000).fault).to.equal('missing-entries')
  })

  it('stay inside the payload, whatever a length says', () => {
    fc.assert(
      fc.property(anyEntries, fc.nat(), fc.nat(), (entries, where, length) => {
        const bytes = payloadOf([Uint8Array.of(1), ...entries])
        writeU32(bytes, where % (bytes.length - 3), length)
        const reader = new EntryReader(bytes, 0, bytes.length, entries.length + 1)
        while (reader.next()) expect(reader.end).to.be.within(reader.start, bytes.length)
      }),
    )
  })
})
