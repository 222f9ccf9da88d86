import { crc32 as native } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import { crc32 } from './crc32.js'

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

describe('crc32', () => {
  const vectors: readonly (readonly [string, number])[] = [
    ['', 0],
    ['a', 0xe8b7be43],
    ['abc', 0x352441c2],
    ['message digest', 0x20159d7f],
    ['123456789', 0xcbf43926],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
    ['\0'.repeat(32), 0x190a55ad],
    ['\xff'.repeat(32), 0xff6cab0b],
  ]
  for (const [text, expected] of vectors) {
    it(`of ${JSON.stringify(text)} is ${expected.toString(16)}`, () => expect(crc32(latin1(text))).to.equal(expected))
  }

  it('is the one of zlib for any bytes and seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 0xffffffff }), (bytes, seed) => {
        expect(crc32(bytes, seed)).to.equal(native(bytes, seed))
      }),
    )
  })

  it('continues where it was interrupted', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).to.equal(crc32(bytes))
      }),
    )
  })

  it('reads through the offset of a view', () => {
    const bytes = latin1('..123456789..')
    expect(crc32(bytes.subarray(2, 11))).to.equal(0xcbf43926)
  })
})
