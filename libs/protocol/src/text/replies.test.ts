import { expect } from 'chai'
import fc from 'fast-check'
import { FrameReader } from '../frame/frame-reader.js'
import { FrameWriter, frame } from '../frame/frame-writer.js'
import { commands } from './commands.js'
import type { CommandName, Handlers } from './commands.js'
import type { TextReply } from './replies.js'
import { EMPTY_FRAME, OK_FRAME, addEntryFrame, entryFrame, errorFrame, okFrames, replyFrame } from './replies.js'

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))
const names = Object.keys(commands) as CommandName[]

function read(name: CommandName, body: Uint8Array): TextReply | undefined {
  const bytes = Uint8Array.of(0x4f, ...body, 0x4b)
  return commands[name].readReply(bytes, 1, 1 + body.length)
}

describe('reply frames', () => {
  const table: readonly (readonly [TextReply, Uint8Array])[] = [
    [{ kind: 'ok' }, bytesOf('OK')],
    [{ kind: 'empty' }, bytesOf('EMPTY')],
    [{ kind: 'entry', payload: bytesOf('a b') }, bytesOf('OK a b')],
    [{ kind: 'entry', payload: new Uint8Array(0) }, bytesOf('OK ')],
    [{ kind: 'entry', payload: Uint8Array.of(0, 0xff) }, Uint8Array.of(0x4f, 0x4b, 0x20, 0, 0xff)],
    [{ kind: 'error', message: 'unknown topic żółw' }, bytesOf('ERR unknown topic żółw')],
    [{ kind: 'json', text: '{"a":"ż"}' }, bytesOf('{"a":"ż"}')],
  ]
  for (const [reply, body] of table) {
    it(`of ${JSON.stringify(reply)} is ${JSON.stringify(Buffer.from(body).toString('latin1'))}`, () => {
      expect(replyFrame(reply)).to.deep.equal(frame(body))
    })
  }

  it('have short ways', () => {
    expect(OK_FRAME).to.deep.equal(frame(bytesOf('OK')))
    expect(EMPTY_FRAME).to.deep.equal(frame(bytesOf('EMPTY')))
    expect(entryFrame(bytesOf('x'))).to.deep.equal(frame(bytesOf('OK x')))
    expect(errorFrame('timed out: x')).to.deep.equal(frame(bytesOf('ERR timed out: x')))
    const writer = new FrameWriter()
    addEntryFrame(writer, bytesOf('x'))
    expect(writer.take()).to.deep.equal(frame(bytesOf('OK x')))
  })
})

describe('okFrames', () => {
  for (const count of [0, 1, 2, 1024, 1025, 3000]) {
    it(`is ${count} frames`, () => {
      const reader = new FrameReader({ maxFrameBytes: 2 })
      reader.push(okFrames(count))
      let seen = 0
      while (reader.next())
        seen += Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString() === 'OK' ? 1 : 0
      expect(seen).to.equal(count)
      expect(okFrames(count)).to.have.length(6 * count)
    })
  }

  it('costs no copy', () => {
    expect(okFrames(10).buffer).to.equal(okFrames(1000).buffer)
  })

  it('stays as it was when a longer run is needed', () => {
    const before = okFrames(5000)
    okFrames(50_000)
    expect(Buffer.compare(before, okFrames(5000))).to.equal(0)
  })
})

describe('replies as read', () => {
  const answers: readonly (readonly [string, Partial<Record<CommandName, TextReply>>])[] = [
    ['OK', { put: { kind: 'ok' }, register: { kind: 'ok' } }],
    ['OK ', { get: { kind: 'entry', payload: bytesOf('') } }],
    ['OK OK', { get: { kind: 'entry', payload: bytesOf('OK') } }],
    ['EMPTY', { get: { kind: 'empty' } }],
    ['{}', { state: { kind: 'json', text: '{}' }, metrics: { kind: 'json', text: '{}' } }],
    ['EMPTY ', {}],
    ['ok', {}],
    ['O', {}],
    ['', {}],
    ['[]', {}],
    ['ERR', {}],
  ]
  for (const [text, meanings] of answers) {
    it(`${JSON.stringify(text)} answers ${Object.keys(meanings).join(' and ') || 'nothing'}`, () => {
      for (const name of names) expect(read(name, bytesOf(text)), name).to.deep.equal(meanings[name])
    })
  }

  it('an error answers every command', () => {
    for (const name of names) {
      expect(read(name, bytesOf('ERR unknown topic t'))).to.deep.equal({ kind: 'error', message: 'unknown topic t' })
    }
  })

  it('text that is no UTF-8 answers nothing', () => {
    for (const name of names) {
      expect(read(name, Uint8Array.of(0x7b, 0xff))).to.equal(undefined)
      expect(read(name, Uint8Array.of(...bytesOf('ERR '), 0xff))).to.equal(undefined)
    }
  })

  it('are what was written', () => {
    const anyError = fc.record({ kind: fc.constant('error' as const), message: fc.string({ unit: 'binary' }) })
    const anyEntry = fc.record({ kind: fc.constant('entry' as const), payload: fc.uint8Array() })
    const anyJson = fc
      .json({ depthSize: 'small' })
      .map((text) => ({ kind: 'json' as const, text: `{"value":${text}}` }))
    const written = fc.oneof(
      fc.tuple(
        fc.constantFrom('put' as const, 'register' as const),
        fc.oneof(anyError, fc.constant({ kind: 'ok' as const })),
      ),
      fc.tuple(fc.constant('get' as const), fc.oneof(anyError, anyEntry, fc.constant({ kind: 'empty' as const }))),
      fc.tuple(fc.constantFrom('state' as const, 'metrics' as const), fc.oneof(anyError, anyJson)),
    )
    fc.assert(
      fc.property(written, ([name, reply]) => {
        expect(read(name, replyFrame(reply).subarray(4))).to.deep.equal(reply)
      }),
    )
  })

  it('never throw, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom('', 'OK', 'OK ', 'EMPTY', 'ERR ', '{'),
        fc.uint8Array({ maxLength: 10 }),
        (name, prefix, rest) => {
          const reply = read(name, Uint8Array.of(...bytesOf(prefix), ...rest))
          if (reply !== undefined)
            expect(replyFrame(reply)).to.deep.equal(frame(Uint8Array.of(...bytesOf(prefix), ...rest)))
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('Handlers', () => {
  it('do not compile with one forgotten', () => {
    const done = () => Promise.resolve({ kind: 'ok' as const })
    const json = () => Promise.resolve({ kind: 'json' as const, text: '{}' })
    const empty = () => Promise.resolve({ kind: 'empty' as const })
    const whole: Handlers = { put: done, get: empty, register: done, state: json, metrics: json }
    // @ts-expect-error: metrics is missing
    const short: Handlers = { put: done, get: empty, register: done, state: json }
    // @ts-expect-error: a GET never answers with JSON
    const wrong: Handlers = { ...whole, get: json }
    expect([whole, short, wrong].map((handlers) => Object.keys(handlers).length)).to.deep.equal([5, 4, 5])
  })
})
