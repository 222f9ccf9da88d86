import { expect } from 'chai'
import fc from 'fast-check'
import { decodeUtf8, encodeUtf8 } from './utf8.js'

/** What the platform says, as the judge of the hand-written coders. */
function expected(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

describe('UTF-8', () => {
  it('is written as the platform writes it, lone surrogates included', () => {
    const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), anyUnits), (text) => {
        expect(encodeUtf8(text)).to.deep.equal(new TextEncoder().encode(text))
      }),
    )
  })

  it('is read back as it was written, at any length', () => {
    for (const text of ['', 'a', 'ż', '→', '🦭', '\u{10ffff}', 'aż→🦭'.repeat(5000)]) {
      const bytes = encodeUtf8(text)
      expect(decodeUtf8(bytes, 0, bytes.length)).to.equal(text)
    }
  })

  it('is read as the platform reads it, or refused as it refuses it', () => {
    const anyByte = fc.constantFrom(0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf)
    const anyLead = fc.constantFrom(0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xf8, 0xfc, 0xfe, 0xff)
    const anyBytes = fc.array(fc.oneof(anyByte, anyLead), { maxLength: 6 }).map((bytes) => Uint8Array.from(bytes))
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(decodeUtf8(bytes, 0, bytes.length)).to.equal(expected(bytes))
      }),
      { numRuns: 5000 },
    )
  })

  it('is read from the given range only', () => {
    const bytes = encodeUtf8('a🦭b')
    expect(decodeUtf8(bytes, 1, 5)).to.equal('🦭')
    expect(decodeUtf8(bytes, 1, 4)).to.equal(undefined)
    expect(decodeUtf8(bytes, 2, 5)).to.equal(undefined)
  })
})
