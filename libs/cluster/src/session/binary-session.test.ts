import { EMPTY_TOPIC_STATE, WalrusError, type SegmentLog, type StoredEntry } from '@walrus/core'
import {
  binaryCommands,
  BinaryFrameWriter,
  FrameReader,
  frame,
  parseBinaryAnswer,
  readBinaryReply,
  type BinaryCommandName,
  type BinaryReplyOf,
  type BinaryRequest,
  type EntriesReply,
} from '@walrus/protocol'
import { ManualClock, MemoryLogStorage } from '@walrus/testing'
import { expect } from 'chai'
import { bytes, Latch, range, turns } from '../node-harness.test.js'
import type { BinaryHandlers, SessionLimits } from './binary-handlers.js'
import { openClientService } from './client-service.js'
import type { AnswerSink, ClientSession } from './client-session.js'
import type { TextHandlers } from './text-session.js'

/** Handlers whose outcomes a test decides; reads are answered from `entries`. */
class ScriptedNode {
  entries: StoredEntry[] = []
  appends: (readonly string[])[] = []
  maxBytes: number[] = []
  readers: (() => void)[] = []
  admin: () => Promise<never> = () => Promise.reject(new WalrusError('UNAVAILABLE', 'Cannot do it: no'))
  gate: Promise<void> = Promise.resolve()
  readonly log: SegmentLog

  constructor(commit: () => Promise<void>) {
    const segment = { topic: 'logs', segment: 1, baseOffset: 0, epoch: 1, topicState: EMPTY_TOPIC_STATE }
    this.log = new MemoryLogStorage(new Map(), { commit }).create(segment)
  }

  put(...texts: readonly string[]): void {
    for (const text of texts) this.entries.push({ offset: this.entries.length, timestampMs: 5, data: bytes(text) })
    for (const listener of this.readers.splice(0)) listener()
  }

  readonly handlers: BinaryHandlers = {
    append: ({ entries }) => {
      this.appends.push(entries.map((entry) => Buffer.from(entry).toString()))
      return this.log.appendBatch(entries)
    },
    fetch: ({ offset, maxEntries, maxBytes }) => this.#read(offset, maxEntries, maxBytes),
    next: ({ maxEntries, maxBytes }) => this.#read(0, maxEntries, maxBytes),
    moveCursor: ({ offset }) => Promise.resolve({ offset: offset + 1 }),
    onReadable: (_topic, _offset, listener) => {
      this.readers.push(listener)
      return () => (this.readers = this.readers.filter((one) => one !== listener))
    },
    admin: new Proxy({} as BinaryHandlers['admin'], { get: () => this.admin }),
  }

  readonly text: TextHandlers = {
    put: ({ payload }) => this.log.append(payload),
    get: async () => {
      await this.gate
      return { kind: 'empty' }
    },
    register: () => Promise.resolve({ kind: 'ok' }),
    state: () => Promise.resolve({ kind: 'json', text: '{}' }),
    metrics: () => Promise.resolve({ kind: 'json', text: '{}' }),
  }

  async #read(offset: number, maxEntries: number, maxBytes: number): Promise<EntriesReply> {
    this.maxBytes.push(maxBytes)
    await this.gate
    const entries = this.entries.slice(offset, offset + maxEntries)
    return { firstOffset: offset, highWatermark: this.entries.length, entries }
  }
}

/** Answers in words, in the order in which they leave. */
class Sink implements AnswerSink {
  roomBytes = 1_000_000
  eased = 0
  readonly #frames = new FrameReader({ maxFrameBytes: 1 << 24 })
  readonly answers: string[] = []

  ease(): void {
    this.eased += 1
  }

  send(frames: Uint8Array, count: number): void {
    const before = this.answers.length
    this.#frames.push(frames)
    while (this.#frames.next()) this.answers.push(words(this.#frames.bytes.slice(this.#frames.start, this.#frames.end)))
    expect(this.answers.length - before).to.equal(count)
  }
}

function words(payload: Uint8Array): string {
  const answer = parseBinaryAnswer(payload, 0, payload.length)
  if (answer === undefined) return Buffer.from(payload).toString()
  if (answer.status === 'failed') return `${answer.id} ${answer.errorCode}`
  const [name] = Object.entries(binaryCommands).find(([, { code }]) => code === answer.code) as [
    BinaryCommandName,
    unknown,
  ]
  return `${answer.id} ${summary(readBinaryReply(name, answer.body))}`
}

function summary(reply: BinaryReplyOf<BinaryCommandName> | undefined): string {
  if (reply === undefined) return 'nothing'
  if ('entries' in reply) return `[${reply.entries.map(({ data }) => Buffer.from(data).toString()).join(' ')}]`
  if ('count' in reply) return `${reply.firstOffset}+${reply.count}`
  return JSON.stringify(reply)
}

const READ = { maxEntries: 10, maxBytes: 1000, maxWaitMs: 0 } as const

describe('a session of both dialects', () => {
  let clock: ManualClock
  let node: ScriptedNode
  let sink: Sink
  let session: ClientSession
  let failure: Error | undefined

  beforeEach(() => open())

  function open(limits: Partial<SessionLimits> = {}): void {
    failure = undefined
    clock = new ManualClock()
    node = new ScriptedNode(async () => {
      await turns(1)
      if (failure !== undefined) throw failure
    })
    sink = new Sink()
    session = openClientService({ text: node.text, binary: node.handlers, clock, limits }).open(sink)
  }

  function ask(id: number, request: BinaryRequest): void {
    const writer = new BinaryFrameWriter()
    writer.addRequest(id, request)
    accept(writer.take())
  }

  function say(line: string): void {
    accept(frame(Buffer.from(line)))
  }

  function accept(framed: Uint8Array): void {
    session.accept(framed, 4, framed.length)
  }

  function append(id: number, ...entries: readonly string[]): void {
    ask(id, { command: 'append', topic: 'logs', producer: undefined, entries: entries.map(bytes) })
  }

  it('appends in the order of the requests, whatever their dialect, and says at which offsets', async () => {
    append(1, 'a', 'b')
    say('PUT logs c')
    append(2, 'd')
    expect([session.pendingCount, sink.answers.length]).to.deep.equal([3, 0])
    await node.log.drain()
    expect(sink.answers.sort()).to.deep.equal(['1 0+2', '2 3+1', 'OK'])
    const stored = await node.log.read(0, { maxEntries: 9, maxBytes: 999 })
    expect(stored.map(({ data }) => Buffer.from(data).toString())).to.deep.equal(['a', 'b', 'c', 'd'])
    expect([session.pendingCount, session.pendingBytes]).to.deep.equal([0, 0])
  })

  it('answers each append of a commit that failed, with the code', async () => {
    failure = new WalrusError('DISK_FULL', 'Cannot write: no space')
    append(1, 'a')
    append(2, 'b')
    await node.log.drain()
    expect(sink.answers).to.deep.equal(['1 DISK_FULL', '2 DISK_FULL'])
  })

  it('answers as answers come, while text answers keep their order', async () => {
    const latch = new Latch()
    node.gate = latch.promise
    say('GET logs')
    say('REGISTER logs')
    ask(7, { command: 'ping' })
    await turns(2)
    expect(sink.answers).to.deep.equal(['7 {"kind":"pong"}'])
    latch.open()
    await turns(2)
    expect(sink.answers).to.deep.equal(['7 {"kind":"pong"}', 'EMPTY', 'OK'])
  })

  it('answers what is no request with the reason, and goes on', async () => {
    accept(frame(Uint8Array.of(0xbf, 9, 0, 0, 0)))
    accept(frame(Uint8Array.of(0x82)))
    accept(frame(Uint8Array.of(0x82, 4, 0, 0, 0, 1)))
    ask(5, { command: 'moveCursor', topic: 'logs', cursor: 'mine', move: 'seek', offset: 3 })
    ask(6, { command: 'admin', operation: 'topic.roll', parameters: { topic: 'logs' } })
    await turns(1)
    const expected = [
      '9 UNSUPPORTED_FORMAT',
      '0 INVALID_ARGUMENT',
      '4 INVALID_ARGUMENT',
      '5 {"offset":4}',
      '6 UNAVAILABLE',
    ]
    expect(sink.answers).to.deep.equal(expected)
    expect([session.pendingCount, session.pendingBytes]).to.deep.equal([0, 0])
  })

  it('answers for a defect, and goes on', async () => {
    node.admin = () => Promise.reject(new TypeError('x is undefined'))
    ask(6, { command: 'admin', operation: 'cluster.status', parameters: {} })
    await turns(1)
    expect(sink.answers).to.deep.equal(['6 UNAVAILABLE'])
  })

  describe('a read', () => {
    const wait = { ...READ, maxWaitMs: 500 }

    it('without patience answers with what is there', async () => {
      node.put('a', 'b', 'c')
      ask(1, { command: 'fetch', topic: 'logs', offset: 1, ...READ })
      ask(2, { command: 'fetch', topic: 'logs', offset: 3, ...READ })
      ask(3, { command: 'fetch', topic: 'logs', offset: 0, ...wait, maxEntries: 0 })
      await turns(1)
      expect(sink.answers).to.deep.equal(['1 [b c]', '2 []', '3 []'])
    })

    it('waits for an entry, holds up nobody meanwhile, and is answered at once when it comes', async () => {
      ask(1, { command: 'fetch', topic: 'logs', offset: 0, ...wait })
      ask(2, { command: 'next', topic: 'logs', cursor: 'mine', ...wait })
      await turns(1)
      expect([session.pendingCount, session.promisedBytes, sink.answers.length]).to.deep.equal([0, 0, 0])
      expect(sink.eased, 'so that the connection takes more').to.equal(2)
      ask(3, { command: 'ping' })
      expect(sink.answers).to.have.length(1)
      node.put('a')
      await turns(1)
      expect(sink.answers.slice(1).sort()).to.deep.equal(['1 [a]', '2 [a]'])
    })

    it('looks again when it was woken in vain, and gives up at its own time', async () => {
      ask(1, { command: 'fetch', topic: 'logs', offset: 0, ...wait })
      await turns(1)
      clock.advance(400)
      for (const listener of node.readers.splice(0)) listener()
      await turns(1)
      expect(sink.answers).to.deep.equal([])
      clock.advance(99)
      await turns(1)
      expect(sink.answers).to.deep.equal([])
      clock.advance(1)
      await turns(1)
      expect(sink.answers).to.deep.equal(['1 []'])
      expect(node.readers).to.deep.equal([])
    })

    it('waits no longer than the node allows', async () => {
      open({ readWaitMsMax: 50 })
      ask(1, { command: 'fetch', topic: 'logs', offset: 0, ...READ, maxWaitMs: 0xffffffff })
      await turns(1)
      clock.advance(50)
      await turns(1)
      expect(sink.answers).to.deep.equal(['1 []'])
    })

    it('does not wait when too many do', async () => {
      open({ waitingReadsMax: 2 })
      for (const id of [1, 2, 3]) ask(id, { command: 'fetch', topic: 'logs', offset: 0, ...wait })
      await turns(1)
      expect(sink.answers).to.deep.equal(['3 UNAVAILABLE'])
      node.put('a')
      await turns(1)
      expect(sink.answers.slice(1).sort()).to.deep.equal(['1 [a]', '2 [a]'])
    })

    it('is given no more bytes than the connection has room for, those under way counted', async () => {
      open({ readBytesMax: 700 })
      const latch = new Latch()
      node.gate = latch.promise
      sink.roomBytes = 1500
      for (const id of [1, 2, 3]) ask(id, { command: 'fetch', topic: 'logs', offset: 0, ...READ })
      expect([node.maxBytes, session.promisedBytes]).to.deep.equal([[700, 700, 100], 1500])
      ask(4, { command: 'fetch', topic: 'logs', offset: 0, ...READ })
      latch.open()
      await turns(1)
      expect(sink.answers.sort()).to.deep.equal(['1 []', '2 []', '3 []', '4 UNAVAILABLE'])
      expect(session.promisedBytes).to.equal(0)
    })

    it('that waited fails when there is no room by then', async () => {
      ask(1, { command: 'fetch', topic: 'logs', offset: 0, ...wait })
      await turns(1)
      sink.roomBytes = 0
      node.put('a')
      await turns(1)
      expect(sink.answers).to.deep.equal(['1 UNAVAILABLE'])
    })

    it('that waits is answered when the connection is to end', async () => {
      for (const id of range(0, 5)) ask(id, { command: 'fetch', topic: 'logs', offset: 0, ...wait })
      await turns(1)
      let idle = false
      session.whenIdle(() => (idle = true))
      expect(idle).to.equal(false)
      await turns(1)
      expect([idle, sink.answers.length]).to.deep.equal([true, 5])
    })

    it('that waits is forgotten when the connection is gone', async () => {
      ask(1, { command: 'fetch', topic: 'logs', offset: 0, ...wait })
      await turns(1)
      session.close()
      await turns(1)
      expect([node.readers.length, sink.answers.length, session.pendingCount]).to.deep.equal([0, 0, 0])
    })
  })

  it('is idle when both dialects are', async () => {
    append(1, 'a')
    say('PUT logs b')
    let idle = false
    session.whenIdle(() => (idle = true))
    expect(idle).to.equal(false)
    await node.log.drain()
    expect([idle, sink.answers.length]).to.deep.equal([true, 2])
  })
})
