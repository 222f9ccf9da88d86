import { EMPTY_TOPIC_STATE, type TopicState } from '@walrus/core'
import { expect } from 'chai'
import fc from 'fast-check'
import { copySegmentAnswer, copySegmentRequest } from './copy-segment.js'
import { fenceAnswer, fenceRequest } from './fence-copy.js'
import { fetchBatchesAnswer, fetchBatchesRequest } from './fetch-batches.js'
import type { PeerBody } from './peer-body.js'
import { replicateAnswer, replicateRequest, type ReplicateAnswer } from './replicate.js'
import { wholeCopyAnswer, wholeCopyRequest } from './whole-copy.js'

const u64 = fc.maxSafeNat()
const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const key = { topic: fc.string({ unit: 'binary', maxLength: 60 }), segment: id }
const counts = { entryCount: u64, controlCount: u64 }
const latin1 = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  minLength: 1,
})
const state: fc.Arbitrary<TopicState> = fc.record({
  cursors: fc.array(fc.tuple(latin1, u64), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  producers: fc.array(fc.tuple(u64, u64), { maxLength: 4 }).map((pairs) => new Map(pairs)),
})
const batches = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 4 })

describe('requests about copies of a segment', () => {
  roundTrip('replicate', replicateRequest, {
    ...key,
    baseOffset: u64,
    epoch: u64,
    position: u64,
    committedCount: u64,
    startState: fc.option(state, { nil: undefined }),
    batches,
  })
  roundTrip<{ result: ReplicateAnswer['result']; value: number }>('answer to replicate', replicateAnswer, {
    result: fc.constantFrom('durable' as const, 'gap' as const, 'stale' as const),
    value: u64,
  })
  roundTrip('fence', fenceRequest, { ...key, epoch: u64 })
  roundTrip('answer to fence', fenceAnswer, { ...counts, createdEpoch: u64, damaged: fc.boolean() })
  roundTrip('fetch', fetchBatchesRequest, { ...key, position: u64, maxBytes: fc.nat(0xffffffff) })
  roundTrip('answer to fetch', fetchBatchesAnswer, { baseOffset: u64, createdEpoch: u64, topicState: state, batches })
  roundTrip('copy', copySegmentRequest, { ...key, ...counts, epoch: u64, source: id })
  roundTrip('answer to copy', copySegmentAnswer, { positionEnd: u64 })
  roundTrip('whole copy', wholeCopyRequest, key)
  roundTrip('answer to whole copy', wholeCopyAnswer, { whole: fc.boolean(), topicState: state })

  it('reserves nothing on the word of a count', () => {
    const whole = fetchBatchesAnswer.encode({
      baseOffset: 0,
      createdEpoch: 1,
      topicState: EMPTY_TOPIC_STATE,
      batches: [],
    })
    whole.fill(0xff, whole.length - 4)
    expect(fetchBatchesAnswer.decode(whole)).to.equal('truncated')
  })

  it('has no segment 0, and no state that replaces a state', () => {
    expect(wholeCopyRequest.decode(new Uint8Array(9))).to.equal('range')
    expect(wholeCopyAnswer.decode(Uint8Array.of(1, 1, 0, 0, 0, 3))).to.equal('range')
    expect(wholeCopyAnswer.decode(Uint8Array.of(2, 0, 0, 0, 0))).to.equal('range')
  })
})

function roundTrip<Value extends object>(
  name: string,
  codec: PeerBody<Value>,
  fields: { readonly [Field in keyof Value]: fc.Arbitrary<Value[Field]> },
): void {
  const any = fc.record(fields) as unknown as fc.Arbitrary<Value>

  it(`reads the ${name} that it writes`, () => {
    fc.assert(
      fc.property(any, (value) => {
        expect(codec.decode(codec.encode(value))).to.deep.equal(value)
      }),
    )
  })

  it(`takes no ${name} for another one that is cut short or goes on`, () => {
    fc.assert(
      fc.property(any, fc.nat(), (value, at) => {
        const bytes = codec.encode(value)
        expect(codec.decode(bytes.subarray(0, at % bytes.length))).to.be.a('string')
        expect(codec.decode(Uint8Array.of(...bytes, 0))).to.equal('surplus')
      }),
    )
  })

  it(`never throws, whatever is said to be a ${name}`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const value = codec.decode(bytes)
        expect(typeof value === 'string' || typeof value === 'object').to.equal(true)
      }),
    )
  })
}
