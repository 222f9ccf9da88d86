import { WalrusError } from '@walrus/core'
import { expect } from 'chai'
import fc from 'fast-check'
import type { ControlFault, ControlRecord } from './control.js'
import { decodeControlPayload, encodeControlPayload } from './control.js'

const anyName = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 255,
})
const anyRecord: fc.Arbitrary<ControlRecord> = fc.oneof(
  fc.record({ kind: fc.constant('cursor' as const), name: anyName, offset: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('producer' as const), id: fc.maxSafeNat(), lastSequence: fc.maxSafeNat() }),
  fc.constant({ kind: 'snapshot' as const }),
)

describe('control payload', () => {
  it('lies in its bytes as the format says', () => {
    const bytes = encodeControlPayload([
      { kind: 'snapshot' },
      { kind: 'cursor', name: 'aÿ', offset: 258 },
      { kind: 'producer', id: 7, lastSequence: 0x1_0000_0000 },
    ])
    const expected = '03' + '010261ff0201000000000000' + '0207000000000000000000000001000000'
    expect(Buffer.from(bytes).toString('hex')).to.equal(expected)
  })

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.array(anyRecord), (records) => {
        expect(decodeControlPayload(encodeControlPayload(records))).to.deep.equal(records)
      }),
    )
  })

  const faults: readonly (readonly [string, readonly number[], ControlFault])[] = [
    ['kind 0', [0], 'unknown-kind'],
    ['kind 4 behind a whole record', [3, 4], 'unknown-kind'],
    ['a cursor without its name length', [1], 'truncated'],
    ['a cursor that ends inside its name', [1, 2, 65], 'truncated'],
    ['a cursor that ends inside its offset', [1, 1, 65, 0, 0, 0, 0, 0, 0, 0], 'truncated'],
    ['a cursor without a name', [1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'range'],
    ['a cursor at 2^53', [1, 1, 65, 0, 0, 0, 0, 0, 0, 0x20, 0], 'range'],
    ['a producer that ends early', [2, ...Array<number>(15).fill(0)], 'truncated'],
    ['a producer with the id 2^63', [2, 0, 0, 0, 0, 0, 0, 0, 0x80, ...Array<number>(8).fill(0)], 'range'],
    ['a producer with the sequence 2^53', [2, ...Array<number>(14).fill(0), 0x20, 0], 'range'],
  ]
  for (const [name, bytes, fault] of faults) {
    it(`is refused for ${name}: ${fault}`, () => {
      expect(decodeControlPayload(Uint8Array.from(bytes))).to.equal(fault)
    })
  }

  it('is never an exception, and what is accepted is written back the same', () => {
    const mutated = fc
      .tuple(fc.array(anyRecord, { minLength: 1 }), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }))
      .map(([records, changes]) => {
        const bytes = encodeControlPayload(records)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        return bytes
      })
    fc.assert(
      fc.property(mutated, (bytes) => {
        const result = decodeControlPayload(bytes)
        if (typeof result !== 'string') expect(encodeControlPayload(result)).to.deep.equal(bytes)
      }),
    )
  })

  const impossible: readonly (readonly [ControlRecord, string])[] = [
    [
      { kind: 'cursor', name: '', offset: 0 },
      'Cannot encode cursor name "": it has 0 characters, 1 to 255 are allowed',
    ],
    [{ kind: 'cursor', name: '→', offset: 0 }, 'Cannot encode cursor name "→": character 0 is not Latin-1'],
    [
      { kind: 'cursor', name: 'a', offset: -1 },
      'Cannot encode cursor offset -1: it is not an integer from 0 to 2^53 - 1',
    ],
    [
      { kind: 'producer', id: 1.5, lastSequence: 0 },
      'Cannot encode producer id 1.5: it is not an integer from 0 to 2^53 - 1',
    ],
    [
      { kind: 'producer', id: 1, lastSequence: 2 ** 53 },
      'Cannot encode producer sequence 9007199254740992: it is not an integer from 0 to 2^53 - 1',
    ],
  ]
  for (const [record, message] of impossible) {
    it(`is not written: ${message}`, () => {
      expect(() => encodeControlPayload([record]))
        .to.throw(WalrusError, message)
        .with.property('code', 'INVALID_ARGUMENT')
    })
  }
})
