import { WalrusError } from '@walrus/core'
import { expect } from 'chai'
import fc from 'fast-check'
import { admission, removal } from './membership.js'

const anyId = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const anyName = fc.string({ unit: fc.constantFrom(...'!aZ~-09'), maxLength: 64 })
const anyAddress = fc.string({ unit: fc.constantFrom(...'a.:[]9'), maxLength: 259 })
const anyRequest = fc.record({
  nodeId: anyId,
  identity: anyName,
  clusterId: anyName,
  address: anyAddress,
  clientAddress: anyAddress,
  hasLog: fc.boolean(),
  isForwarded: fc.boolean(),
})
const anyAnswer = fc.record({
  standing: fc.constantFrom('learner' as const, 'voter' as const),
  lagEntries: fc.nat(),
  clusterId: anyName,
  members: fc.array(fc.tuple(anyId, anyAddress), { maxLength: 9 }).map((pairs) => new Map(pairs)),
})
const sample = admission.request.encode({
  nodeId: 4,
  identity: 'four',
  clusterId: '',
  address: 'h:1',
  clientAddress: '',
  hasLog: true,
  isForwarded: false,
})

describe('questions about membership', () => {
  it('are read as they were written, and so are their answers', () => {
    fc.assert(
      fc.property(anyRequest, anyAnswer, anyId, fc.boolean(), (request, answer, nodeId, isForwarded) => {
        expect(admission.request.decode(admission.request.encode(request))).to.deep.equal(request)
        expect(admission.answer.decode(admission.answer.encode(answer))).to.deep.equal(answer)
        const removing = { nodeId, isForwarded }
        expect(removal.request.decode(removal.request.encode(removing))).to.deep.equal(removing)
      }),
    )
    expect(removal.answer.decode(removal.answer.encode({}))).to.deep.equal({})
  })

  it('have a kind each', () => {
    expect(new Set([admission, removal].map(({ requestKind }) => requestKind)).size).to.equal(2)
  })

  it('are a fault at any shorter length, and with anything behind', () => {
    for (let length = 0; length < sample.length; length++) {
      expect(admission.request.decode(sample.subarray(0, length)), String(length)).to.equal('truncated')
    }
    expect(admission.request.decode(Uint8Array.of(...sample, 0))).to.equal('surplus')
    expect(removal.answer.decode(Uint8Array.of(0))).to.equal('surplus')
  })

  it('name a value that its field does not allow', () => {
    const changed = (at: number, value: number): unknown => {
      const bytes = sample.slice()
      bytes[at] = value
      return admission.request.decode(bytes)
    }
    expect(changed(0, 0), 'node 0').to.equal('range')
    expect(changed(8, 4), 'a flag that is none').to.equal('range')
    expect(changed(10, 0x20), 'a space in the identity').to.equal('range')
    expect(admission.answer.decode(Uint8Array.of(3, ...new Uint8Array(13))), 'a standing that is none').to.equal(
      'range',
    )
    expect(() => removal.request.encode({ nodeId: -1, isForwarded: false })).to.throw(WalrusError)
  })

  it('never throw and never reserve much, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const { request, answer } of [admission, removal]) {
          expect(request.decode(bytes)).to.satisfy((one: unknown) => typeof one === 'string' || typeof one === 'object')
          expect(answer.decode(bytes)).to.satisfy((one: unknown) => typeof one === 'string' || typeof one === 'object')
        }
      }),
    )
    const boast = Uint8Array.of(1, ...new Uint8Array(8), 0, 255, 255, 255, 255)
    expect(admission.answer.decode(boast)).to.equal('truncated')
  })
})
