import { expect } from 'chai'
import fc from 'fast-check'
import { WalrusError } from '../errors.js'
import { sampleTopic } from '../sample-topic.test.js'
import { DEFAULT_TOPIC_CONFIG } from '../topic-config.js'
import { EMPTY_METADATA } from './apply.js'
import { finalState, histories, sampleNode } from './command-sequences.test.js'
import {
  type Decoded,
  decodeCommand,
  decodeState,
  ENCODED_COMMAND_BYTES_MAX,
  encodeCommand,
  encodeState,
} from './encoding.js'
import type { ClusterMetadata, MetadataCommand, TopicConfig } from './model.js'

const max = Number.MAX_SAFE_INTEGER

describe('encoding of commands', () => {
  it('is one line of JSON with its format', () => {
    const command: MetadataCommand = { kind: 'FenceSegment', topic: 'logs', segment: 1, epoch: 4 }
    const line = '{"format":1,"command":{"kind":"FenceSegment","topic":"logs","segment":1,"epoch":4}}'
    expect(encodeCommand(command)).to.equal(line)
    expect(decodeCommand(line)).to.deep.equal({ ok: true, value: command })
  })

  it('comes back the same, of every kind', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        for (const { command, result } of steps) {
          if (result.outcome === 'rejected' && result.reason === 'invalid-command') continue
          expect(decodeCommand(encodeCommand(command))).to.deep.equal({ ok: true, value: command })
        }
      }),
      { numRuns: 30 },
    )
  })

  it('stays within its bound and in ASCII, for the largest commands there are', () => {
    const config: TopicConfig = {
      segmentEntriesMax: max,
      segmentBytesMax: max,
      segmentAgeMsMax: max,
      retentionMs: max,
      retentionBytes: max,
      replicationFactor: 16,
      ack: 'quorum',
    }
    const replicas = Array.from({ length: 16 }, (_, index) => max - index)
    const largest: readonly MetadataCommand[] = [
      { kind: 'CreateTopic', topic: 'x'.repeat(200), config, leader: max, replicas },
      { kind: 'UpsertNode', node: { ...sampleNode(max), address: `${'"'.repeat(253)}:65535` } },
    ]
    for (const command of largest) {
      const encoded = encodeCommand(command)
      expect(encoded).to.match(/^[ -~]*$/)
      expect(encoded.length).to.be.below(ENCODED_COMMAND_BYTES_MAX)
      expect(decodeCommand(encoded)).to.deep.equal({ ok: true, value: command })
    }
  })

  it('refuses to write what could not be read back', () => {
    const broken: MetadataCommand = { kind: 'FenceSegment', topic: 'logs', segment: Number.NaN, epoch: 4 }
    expect(() => encodeCommand(broken))
      .to.throw(WalrusError, 'Cannot encode metadata command: segment must be an integer')
      .with.property('code', 'INVALID_ARGUMENT')
  })

  it('does not read what is too long, or not a command', () => {
    expectFault(decodeCommand(' '.repeat(ENCODED_COMMAND_BYTES_MAX + 1)), 'CORRUPT_DATA', 'longer than 8192 bytes')
    expectFault(decodeCommand('{"format":1}'), 'CORRUPT_DATA', 'command kind is unknown: "undefined"')
    expectFault(
      decodeCommand('{"format":1,"command":{"kind":"RemoveNode","id":0}}'),
      'CORRUPT_DATA',
      'command id must be an integer from 1 to 9007199254740991, not "0"',
    )
  })
})

describe('encoding of the state', () => {
  it('comes back the same', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const state = finalState(steps)
        const decoded = decodeState(encodeState(state))
        if (!decoded.ok) throw new Error(decoded.fault)
        expect(plain(decoded.value)).to.deep.equal(plain(state))
        expect(encodeState(decoded.value)).to.equal(encodeState(state))
      }),
    )
  })

  it('writes the empty state', () => {
    expect(encodeState(EMPTY_METADATA)).to.equal(
      '{"format":1,"state":{"version":0,"nodes":[],"removedNodes":[],"topics":[]}}',
    )
  })

  it('does not depend on the order in which things were added', () => {
    const [forwards, backwards] = [
      ['a', 'b', 'Z'],
      ['Z', 'b', 'a'],
    ].map((names) => ({
      version: 9,
      topics: new Map(names.map((name) => [name, { ...sampleTopic(['open']), name }])),
      nodes: new Map(names.map((name) => [name.charCodeAt(0), sampleNode(name.charCodeAt(0))])),
      removedNodes: new Map(
        names.map((name) => name.charCodeAt(0) + 1_000).map((id) => [id, { id, address: 'gone:1' }]),
      ),
    }))
    expect(encodeState(forwards!)).to.equal(encodeState(backwards!))
  })

  it('refuses a state that breaks an invariant, and says which', () => {
    for (const [fault, change] of Object.entries(BROKEN)) {
      const topic: Topic = { name: 'a', config: DEFAULT_TOPIC_CONFIG, segments: segments() }
      const state = {
        version: 9,
        nodes: [sampleNode(1), sampleNode(2)],
        removedNodes: [{ id: 3, address: 'gone:1' }],
        topics: [topic],
      }
      change(state)
      expectFault(decodeState(JSON.stringify({ format: 1, state })), 'CORRUPT_DATA', fault)
    }
  })
})

describe('decoding of anything', () => {
  it('names an unknown format', () => {
    for (const decode of [decodeCommand, decodeState]) {
      expectFault(decode('{"format":2,"command":{}}'), 'UNSUPPORTED_FORMAT', 'format 2 is not known, only 1')
      expectFault(decode('{}'), 'CORRUPT_DATA', 'format must be a number, not "undefined"')
      expectFault(decode('{"format":"1"}'), 'CORRUPT_DATA', 'format must be a number, not "1"')
    }
  })

  for (const text of ['', 'null', '[]', '"x"', '{', '1', '['.repeat(8000), 'é\0']) {
    it(`calls ${JSON.stringify(text.slice(0, 10))} corrupt`, () => {
      expect(decodeCommand(text)).to.include({ ok: false, code: 'CORRUPT_DATA' })
      expect(decodeState(text)).to.include({ ok: false, code: 'CORRUPT_DATA' })
    })
  }

  it('never throws, and gives a valid value or a fault, for damaged texts', () => {
    const damaged = fc
      .tuple(histories, fc.nat(), fc.string({ maxLength: 4 }), fc.nat(3))
      .map(([steps, at, insert, drop]) => {
        const text = encodeState(finalState(steps))
        const cut = at % text.length
        return text.slice(0, cut) + insert + text.slice(cut + drop)
      })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string(), fc.json()), (text) => {
        for (const decoded of [decodeState(text), decodeCommand(text)]) {
          if (decoded.ok) continue
          expect(decoded.code).to.be.oneOf(['CORRUPT_DATA', 'UNSUPPORTED_FORMAT'])
          expect(decoded.fault).to.not.equal('')
        }
      }),
      { numRuns: 300 },
    )
  })
})

interface Segment {
  id: number
  baseOffset: number
  leader: number
  replicas: number[]
  epoch: number
  createdEpoch: number
  state: string
  ackQuorum: number
  entryCount: number
  controlCount: number
}
interface Topic {
  name: string
  config: object
  segments: Segment[]
}
interface Flat {
  version: number
  nodes: object[]
  removedNodes: object[]
  topics: Topic[]
}

function segments(): Segment[] {
  return [
    { ...sampleSegment(1, 0), replicas: [1], state: 'sealed', entryCount: 10, controlCount: 1 },
    { ...sampleSegment(2, 10), replicas: [2, 1] },
  ]
}

function sampleSegment(id: number, baseOffset: number): Segment {
  const counts = { ackQuorum: 1, entryCount: 0, controlCount: 0 }
  return { id, baseOffset, leader: id, replicas: [id], epoch: id, createdEpoch: id, state: 'open', ...counts }
}

/** What the decoder says → what was done to a good state. */
const BROKEN: Readonly<Record<string, (state: Flat) => void>> = {
  'node 2 is there, and was removed': (state) => state.removedNodes.push({ id: 2, address: 'gone:1' }),
  'state repeats a removed node': (state) => state.removedNodes.push({ id: 3, address: 'gone:2' }),
  'topic "a": it has no segment': (state) => (state.topics[0]!.segments = []),
  'topic "a": its last segment is sealed': (state) => state.topics[0]!.segments.pop(),
  'topic "a": segment 1: offsets start at 0': (state) => (state.topics[0]!.segments[0]!.baseOffset = 1),
  'topic "a": segment 2: the segment before it is not sealed': (state) => {
    Object.assign(state.topics[0]!.segments[0]!, { state: 'open', entryCount: 0, controlCount: 0 })
  },
  'topic "a": segment 3: segment 2 is missing': (state) => (state.topics[0]!.segments[1]!.id = 3),
  'topic "a": segment 2: the segment before it ends at offset 10': (state) =>
    (state.topics[0]!.segments[1]!.baseOffset = 11),
  'topic "a": segment 2: its epoch is not above the one before': (state) => {
    Object.assign(state.topics[0]!.segments[1]!, { epoch: 1, createdEpoch: 1 })
  },
  'topic "a": segment 2: its epoch is below the one under which it was created': (state) =>
    (state.topics[0]!.segments[1]!.createdEpoch = 3),
  'topic "a": segment 2: its epoch is ahead of the version': (state) => (state.topics[0]!.segments[1]!.epoch = 10),
  'topic "a": segment 2: it has a count and is not sealed': (state) => (state.topics[0]!.segments[1]!.entryCount = 1),
  'topic "a": segment 2: its quorum exceeds its replicas': (state) => (state.topics[0]!.segments[1]!.ackQuorum = 3),
  'topic "a": segment 2: its offsets are too large': (state) => {
    Object.assign(state.topics[0]!.segments[0]!, { id: 2, baseOffset: 1, entryCount: max })
  },
  'topic "a": segment 2: the replicas lack the leader, node 2': (state) =>
    (state.topics[0]!.segments[1]!.replicas = [1]),
  'topic "a": segment 2: the replicas repeat a node': (state) => (state.topics[0]!.segments[1]!.replicas = [2, 2]),
  'topic "a": segment 2: node 3 is unknown': (state) => (state.topics[0]!.segments[1]!.replicas = [2, 3]),
  'state repeats a node': (state) => state.nodes.push(sampleNode(1)),
  'state repeats a topic': (state) => state.topics.push(state.topics[0]!),
  'state version must be an integer from 0 to 9007199254740991, not "-1"': (state) => (state.version = -1),
  'state nodes has an item that must be an object, not "7"': (state) => (state.nodes = [7 as never]),
  'state topics must be a list of at most 9007199254740991, not "object"': (state) => (state.topics = {} as never),
}

function expectFault(decoded: Decoded<unknown>, code: string, fault: string): void {
  expect(decoded).to.deep.equal({ ok: false, code, fault })
}

function plain(state: ClusterMetadata): object {
  return { ...state, topics: new Map(state.topics) }
}
