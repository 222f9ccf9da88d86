import { expect } from 'chai'
import fc from 'fast-check'
import { readU32 } from '../little-endian.js'
import { ByteWriter } from '../peer/byte-writer.js'
import { APPEND_ENTRIES_MAX } from './append.js'
import { anyBinaryRequest, binaryReplies } from './arbitrary-binary.test.js'
import { binaryCommands, type BinaryCommandName, type BinaryRequest } from './commands.js'
import {
  BinaryFrameWriter,
  binaryRequestFrame,
  isBinaryPayload,
  parseBinaryAnswer,
  parseBinaryRequest,
  readBinaryReply,
  setRequestId,
  type ReceivedRequest,
} from './frames.js'

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const names = Object.keys(binaryCommands) as BinaryCommandName[]

function requestPayload(id: number, request: BinaryRequest): Uint8Array {
  const writer = new BinaryFrameWriter()
  writer.addRequest(id, request)
  return unframed(writer)
}

function unframed(writer: BinaryFrameWriter): Uint8Array {
  const framed = writer.take()
  expect(readU32(framed, 0)).to.equal(framed.length - 4)
  return framed.subarray(4)
}

function parsed(payload: Uint8Array): ReceivedRequest {
  return parseBinaryRequest(payload, 0, payload.length)
}

/** A payload of that command with that body. */
function payloadOf(name: BinaryCommandName, write: (output: ByteWriter) => void): Uint8Array {
  const output = new ByteWriter()
  output.u8(binaryCommands[name].code)
  output.u32(7)
  write(output)
  return output.take()
}

/** The failure that such a payload is answered with. */
function failureOf(payload: Uint8Array): { readonly code: string; readonly message: string } {
  const { request } = parsed(payload)
  expect(request.command).to.equal('invalid')
  return request.command === 'invalid' ? request : { code: '', message: '' }
}

describe('binary requests', () => {
  it('come out as they went in, wherever they lie', () => {
    fc.assert(
      fc.property(u32, anyBinaryRequest, fc.nat(20), (id, request, before) => {
        const payload = requestPayload(id, request)
        const stream = new Uint8Array(before + payload.length + 5).fill(0xff)
        stream.set(payload, before)
        expect(isBinaryPayload(stream, before)).to.equal(true)
        const received = parseBinaryRequest(stream, before, before + payload.length)
        expect(received).to.deep.equal({ id, code: payload[0], request })
      }),
    )
  })

  it('have a first byte that no text has, each its own', () => {
    const codes = names.map((name) => binaryCommands[name].code)
    expect(new Set(codes).size).to.equal(names.length)
    for (const code of codes) expect(code).to.be.within(0x80, 0xbf)
  })

  it('give entries as views of the bytes that came in', () => {
    const entries = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]
    const payload = requestPayload(1, { command: 'append', topic: 't', producer: undefined, entries })
    const { request } = parsed(payload)
    if (request.command !== 'append') throw new Error('it is no append')
    expect(request.entries.map((entry) => [...entry])).to.deep.equal([[1, 2], [], [3]])
    expect(request.entries[0]?.buffer).to.equal(payload.buffer)
  })

  it('are a reason when they are not whole', () => {
    fc.assert(
      fc.property(anyBinaryRequest, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (request, part) => {
        const payload = requestPayload(9, request)
        const cut = payload.subarray(0, 1 + Math.floor(part * (payload.length - 1)))
        const received = parseBinaryRequest(cut, 0, cut.length)
        expect(received.id).to.equal(cut.length < 5 ? 0 : 9)
        if (cut.length < payload.length) expect(received.request.command).to.equal('invalid')
      }),
    )
  })

  it('are a reason when there is more than they have', () => {
    fc.assert(
      fc.property(anyBinaryRequest, (request) => {
        const payload = requestPayload(9, request)
        const longer = new Uint8Array(payload.length + 1)
        longer.set(payload)
        expect(parsed(longer).request.command).to.equal('invalid')
      }),
    )
  })

  it('never throw, whatever the bytes, and whatever becomes of good ones', () => {
    const anything = fc.uint8Array({ minLength: 1, maxLength: 200 })
    const hits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 })
    const mutated = fc.tuple(anyBinaryRequest, hits).map(([request, changes]) => {
      const payload = Uint8Array.from(requestPayload(3, request))
      for (const [at, byte] of changes) payload[at % payload.length] = byte
      return payload
    })
    fc.assert(
      fc.property(fc.oneof(anything, mutated), (payload) => {
        const { request } = parsed(payload)
        if (request.command === 'invalid') expect(request.message).to.match(/^(Cannot|invalid) /)
      }),
      { numRuns: 2000 },
    )
  })

  it('say what is wrong with them', () => {
    expect(failureOf(Uint8Array.of(0x81, 1))).to.deep.include({ code: 'INVALID_ARGUMENT' })
    expect(failureOf(Uint8Array.of(0xbf, 1, 0, 0, 0))).to.deep.include({
      code: 'UNSUPPORTED_FORMAT',
      message: 'Cannot read the request: no command is "0xbf"',
    })
    const badTopic = payloadOf('fetch', (output) => {
      output.shortText('a/b')
      output.u64(0)
      for (const bound of [1, 1, 0]) output.u32(bound)
    })
    expect(failureOf(badTopic)).to.deep.include({
      code: 'INVALID_TOPIC',
      message: 'invalid topic: "a/b": only A-Z a-z 0-9 . _ - are allowed',
    })
    const unknownOperation = payloadOf('admin', (output) => {
      output.u8(1)
      output.shortText('topic.burn')
      output.text('{}')
    })
    expect(failureOf(unknownOperation).message).to.equal('Cannot administer: no operation is named "topic.burn"')
  })

  it('of administration are refused for what nobody can mean', () => {
    const cases: readonly (readonly [operation: string, json: string, reason: RegExp])[] = [
      ['topic.create', '{"topic":"t","config":{"segmentEntryMax":5}}', /config has no field "segmentEntryMax"/],
      ['topic.create', '{"topic":"t","config":{"segmentEntriesMax":0}}', /segmentEntriesMax must be an integer from 1/],
      ['topic.seal', '{"topic":"t"}', /force must be true/],
      ['topic.roll', '{"topic":"t"', /must be an object/],
      ['topic.roll', '[]', /topic must be a text/],
      ['cluster.drain', '{"node":"1","draining":true}', /node must be an integer/],
      ['topic.roll', `{"topic":"t","x":"${'x'.repeat(70_000)}"}`, /bytes exceed 65536/],
    ]
    for (const [operation, json, reason] of cases) {
      const payload = payloadOf('admin', (output) => {
        output.u8(1)
        output.shortText(operation)
        output.text(json)
      })
      expect(failureOf(payload).message, json.slice(0, 50)).to.match(reason)
    }
  })

  it('do not have more entries than they may, nor become more memory than they have bytes', () => {
    const announce = (count: number, bytes: number) =>
      payloadOf('append', (output) => {
        output.shortText('t')
        output.u64(0)
        output.u64(0)
        output.u32(count)
        output.bytes(new Uint8Array(bytes))
      })
    expect(failureOf(announce(0xffffffff, 40)).message).to.match(/ends inside a field/)
    expect(failureOf(announce(0, 0)).message).to.equal(`Cannot append: "0" entries are not 1 to ${APPEND_ENTRIES_MAX}`)
    const tooMany = APPEND_ENTRIES_MAX + 1
    expect(failureOf(announce(tooMany, 4 * tooMany)).message).to.match(/"65537" entries are not/)
    expect(parsed(announce(APPEND_ENTRIES_MAX, 4 * APPEND_ENTRIES_MAX)).request.command).to.equal('append')
    expect(() => requestPayload(1, { command: 'append', topic: 't', producer: undefined, entries: [] })).to.throw('"0"')
  })

  it('are given their id when it is known', () => {
    const framed = binaryRequestFrame({ command: 'ping' })
    setRequestId(framed, 0xfedcba98)
    expect(parsed(framed.subarray(4))).to.deep.equal({ id: 0xfedcba98, code: 0x80, request: { command: 'ping' } })
  })

  it('that cannot be written leave nothing behind', () => {
    const writer = new BinaryFrameWriter()
    writer.addRequest(1, { command: 'ping' })
    const before = writer.sizeBytes
    const bad: BinaryRequest[] = [
      { command: 'fetch', topic: 'two words', offset: 0, maxEntries: 1, maxBytes: 1, maxWaitMs: 0 },
      { command: 'fetch', topic: 't', offset: -1, maxEntries: 1, maxBytes: 1, maxWaitMs: 0 },
      { command: 'next', topic: 't', cursor: '', maxEntries: 1, maxBytes: 1, maxWaitMs: 0 },
    ]
    for (const request of bad) expect(() => writer.addRequest(2, request)).to.throw()
    expect(writer.sizeBytes).to.equal(before)
  })
})

describe('binary answers', () => {
  for (const name of names) {
    it(`of ${name} come out as they went in`, () => {
      fc.assert(
        fc.property(u32, binaryReplies[name], (id, reply) => {
          const writer = new BinaryFrameWriter()
          writer.addAnswer(id, name, reply)
          const payload = unframed(writer)
          const answer = parseBinaryAnswer(payload, 0, payload.length)
          if (answer?.status !== 'ok') throw new Error('it is no answer')
          expect([answer.id, answer.code]).to.deep.equal([id, binaryCommands[name].code])
          expect(readBinaryReply(name, answer.body)).to.deep.equal(reply)
        }),
      )
    })
  }

  it('that are failures carry a code and words', () => {
    const writer = new BinaryFrameWriter()
    writer.addFailure(5, 0x82, 'UNKNOWN_TOPIC', 'unknown topic Käse')
    const payload = unframed(writer)
    expect(parseBinaryAnswer(payload, 0, payload.length)).to.deep.equal({
      id: 5,
      code: 0x82,
      status: 'failed',
      errorCode: 'UNKNOWN_TOPIC',
      message: 'unknown topic Käse',
    })
  })

  it('never throw, whatever the bytes', () => {
    const anyName = fc.constantFrom(...names)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), anyName, (payload, name) => {
        const answer = parseBinaryAnswer(payload, 0, payload.length)
        if (answer?.status === 'ok') readBinaryReply(name, answer.body)
      }),
      { numRuns: 2000 },
    )
  })

  it('must have consecutive entries', () => {
    const data = new Uint8Array(1)
    const entries = [0, 2].map((offset) => ({ offset, timestampMs: 0, data }))
    const writer = new BinaryFrameWriter()
    expect(() => writer.addAnswer(1, 'fetch', { firstOffset: 0, highWatermark: 3, entries })).to.throw('consecutive')
  })
})
