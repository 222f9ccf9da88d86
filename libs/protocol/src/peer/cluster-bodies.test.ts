import { expect } from 'chai'
import fc from 'fast-check'
import { appendAnswer, appendRequest } from './append-request.js'
import { heartbeatAnswer } from './heartbeat.js'
import type { PeerBody } from './peer-body.js'
import { clientCommand } from './client-command.js'
import { entriesAnswer, readRequest, takeRequest } from './read-request.js'

const count = fc.maxSafeNat()
const ordinal = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const topic = fc.string({ maxLength: 60 }).map((text) => text.replace(/\p{Surrogate}/gu, '?'))
const bytes = fc.uint8Array({ maxLength: 40 })
const entry = fc.record({ offset: count, timestampMs: count, data: bytes })

const bodies = [
  row('append', appendRequest, {
    topic,
    segment: count,
    producerId: ordinal,
    sequence: count,
    whole: fc.boolean(),
    entries: fc.array(bytes, { maxLength: 9 }),
  }),
  row('append answer', appendAnswer, { count: u32, firstOffset: fc.option(count, { nil: undefined }) }),
  row('client command', clientCommand, { segment: count, payload: bytes }),
  row('take', takeRequest, {
    ...{ topic, segment: count, cursor: topic, slot: fc.integer({ min: 0, max: 255 }) },
    ...{ number: ordinal, count: u32, maxBytes: u32 },
  }),
  row('read', readRequest, { topic, segment: ordinal, index: count, maxEntries: u32, maxBytes: u32 }),
  row('entries', entriesAnswer, { entries: fc.array(entry, { maxLength: 9 }) }),
  row('heartbeat', heartbeatAnswer, { metadataVersion: count, leaving: fc.boolean(), diskFull: fc.boolean() }),
]

describe('the bodies of questions about data', () => {
  for (const { name, body, values } of bodies) {
    it(`${name}: what was encoded is decoded, and nothing shorter or longer`, () => {
      fc.assert(
        fc.property(values, (value) => {
          const encoded = body.encode(value)
          expect(body.decode(encoded)).to.deep.equal(value)
          expect(body.decode(encoded.subarray(0, -1))).to.be.a('string')
          expect(body.decode(new Uint8Array([...encoded, 0]))).to.be.a('string')
        }),
        { numRuns: 200 },
      )
    })

    it(`${name}: no bytes make it throw`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 80 }), (garbage) => {
          const decoded = body.decode(garbage)
          if (typeof decoded !== 'string') expect(body.encode(decoded)).to.deep.equal(garbage)
        }),
        { numRuns: 500 },
      )
    })
  }

  it('reserves nothing for a count that the bytes cannot hold', () => {
    const encoded = entriesAnswer.encode({ entries: [] })
    encoded.fill(0xff)
    expect(entriesAnswer.decode(encoded)).to.equal('truncated')
  })
})

function row<Body extends object>(
  name: string,
  body: PeerBody<Body>,
  fields: { [Field in keyof Body]: fc.Arbitrary<Body[Field]> },
): { name: string; body: PeerBody<object>; values: fc.Arbitrary<object> } {
  return { name, body: body, values: fc.record(fields) }
}
