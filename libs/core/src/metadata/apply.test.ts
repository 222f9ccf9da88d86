import { expect } from 'chai'
import fc from 'fast-check'
import { DEFAULT_TOPIC_CONFIG } from '../topic-config.js'
import { applyCommand, EMPTY_METADATA } from './apply.js'
import { sampleNode } from './command-sequences.test.js'
import type { ClusterMetadata, MetadataCommand, RejectionReason, SegmentMetadata } from './model.js'

type Command<Kind extends MetadataCommand['kind']> = Extract<MetadataCommand, { kind: Kind }>

const create: Command<'CreateTopic'> = {
  kind: 'CreateTopic',
  topic: 'logs',
  config: DEFAULT_TOPIC_CONFIG,
  leader: 1,
  replicas: [1, 2],
}
const seal: Command<'SealAndRoll'> = {
  kind: 'SealAndRoll',
  topic: 'logs',
  segment: 1,
  epoch: 4,
  entryCount: 10,
  controlCount: 2,
  nextLeader: 2,
  nextReplicas: [2, 3],
}
const replace: Command<'ReplaceReplicas'> = {
  kind: 'ReplaceReplicas',
  topic: 'logs',
  segment: 1,
  epoch: 4,
  before: [1, 2],
  after: [2, 3],
}
const fence: Command<'FenceSegment'> = { kind: 'FenceSegment', topic: 'logs', segment: 1, epoch: 4 }
const trim: Command<'TrimTopic'> = { kind: 'TrimTopic', topic: 'logs', upToSegment: 1, epoch: 4 }
const remove: Command<'DeleteTopic'> = { kind: 'DeleteTopic', topic: 'logs', epoch: 4 }

/** What two copies mean for a segment. */
const opened = { state: 'open', ackQuorum: 2, entryCount: 0, controlCount: 0 }
const sealed = { state: 'sealed', ackQuorum: 2, entryCount: 10, controlCount: 2 }

const nodes: readonly MetadataCommand[] = [1, 2, 3].map((id) => ({ kind: 'UpsertNode', node: sampleNode(id) }))
/** Three nodes, and "logs" created by the fourth command: segment 1, epoch 4. */
const created: readonly MetadataCommand[] = [...nodes, create]

describe('metadata: CreateTopic', () => {
  it('opens segment 1 at offset 0, under the epoch of its version', () => {
    expect(segmentsAfter(created)).to.deep.equal([
      { ...opened, id: 1, baseOffset: 0, leader: 1, replicas: [1, 2], epoch: 4, createdEpoch: 4 },
    ])
  })

  it('leaves a topic that exists as it is, whoever else would have led it', () => {
    expectOutcome(created, { ...create, leader: 2 }, 'unchanged')
  })

  it('starts a deleted topic anew, above every epoch it ever had', () => {
    const again = segmentsAfter([...created, fence, { ...remove, epoch: 5 }, create])
    expect(again[0]?.epoch).to.equal(7)
  })

  it('needs known replicas that contain the leader, without repeats', () => {
    expectRejected(nodes, { ...create, replicas: [1, 4] }, 'unknown-node', 'node 4 is unknown')
    expectRejected(nodes, { ...create, replicas: [2, 3] }, 'invalid-command', 'the replicas lack the leader, node 1')
    expectRejected(nodes, { ...create, replicas: [1, 1] }, 'invalid-command', 'the replicas repeat a node')
  })
})

describe('metadata: SealAndRoll', () => {
  it('fixes the count and opens the next segment behind it, an epoch on', () => {
    expect(segmentsAfter([...created, seal])).to.deep.equal([
      { ...sealed, id: 1, baseOffset: 0, leader: 1, replicas: [1, 2], epoch: 4, createdEpoch: 4 },
      { ...opened, id: 2, baseOffset: 10, leader: 2, replicas: [2, 3], epoch: 5, createdEpoch: 5 },
    ])
  })

  it('ends a recovery at the epoch of its fence, while the fenced leader is too late', () => {
    expectRejected([...created, fence], seal, 'stale-epoch', 'segment 1 is at epoch 5, not 4')
    const [first, second] = segmentsAfter([...created, fence, { ...seal, epoch: 5 }])
    expect(first).to.include({ state: 'sealed', epoch: 5, entryCount: 10 })
    expect(second).to.include({ state: 'open', epoch: 6, baseOffset: 10 })
  })

  it('may seal an empty segment, so that it can move', () => {
    const [, second] = segmentsAfter([...created, { ...seal, entryCount: 0 }])
    expect(second).to.include({ id: 2, baseOffset: 0, leader: 2 })
  })

  it('knows its own repetition, also after further segments', () => {
    expectOutcome([...created, seal], seal, 'unchanged')
    expectOutcome([...created, seal, { ...seal, segment: 2, epoch: 5 }], seal, 'unchanged')
  })

  it('refuses every other outcome for a sealed segment', () => {
    const done = [...created, seal]
    const counts = 'segment 1 was sealed at 10 entries and 2 control batches, not '
    const moved = 'segment 1 was sealed and rolled to other nodes'
    expectRejected(done, { ...seal, entryCount: 11 }, 'count-mismatch', `${counts}11 entries and 2 control batches`)
    expectRejected(done, { ...seal, controlCount: 3 }, 'count-mismatch', `${counts}10 entries and 3 control batches`)
    expectRejected(done, { ...seal, nextLeader: 3 }, 'stale-segment', moved)
    expectRejected(done, { ...seal, nextReplicas: [2] }, 'stale-segment', moved)
    expectRejected(done, { ...seal, nextReplicas: [2, 1] }, 'stale-segment', moved)
    expectRejected(done, { ...seal, epoch: 3 }, 'stale-epoch', 'segment 1 is at epoch 4, not 3')
    expectRejected([...done, trim], seal, 'stale-segment', 'segment 1 is sealed')
  })

  it('refuses what does not exist', () => {
    expectRejected(created, { ...seal, topic: 'x' }, 'unknown-topic', 'topic "x" does not exist')
    expectRejected(created, { ...seal, segment: 2 }, 'unknown-segment', 'segment 2 does not exist')
    expectRejected(created, { ...seal, nextLeader: 9, nextReplicas: [9] }, 'unknown-node', 'node 9 is unknown')
    expectRejected(created, { ...seal, nextLeader: 1 }, 'invalid-command', 'the replicas lack the leader, node 1')
  })

  it('refuses a count that would push offsets past what a number holds exactly', () => {
    const huge = { ...seal, entryCount: Number.MAX_SAFE_INTEGER, controlCount: 0 }
    expect(segmentsAfter([...created, huge]).at(-1)?.baseOffset).to.equal(Number.MAX_SAFE_INTEGER)
    const detail = `offsets would exceed ${Number.MAX_SAFE_INTEGER}`
    const next = { ...seal, segment: 2, epoch: 5, entryCount: 1 }
    expectRejected([...created, huge], next, 'invalid-command', detail)
  })
})

describe('metadata: ReplaceReplicas', () => {
  const done = [...created, seal]

  it('moves a copy of a sealed segment, also the one of its leader', () => {
    expect(segmentsAfter([...done, replace])[0]).to.deep.include({ leader: 1, replicas: [2, 3], state: 'sealed' })
    expectOutcome([...done, replace], replace, 'unchanged')
  })

  it('leaves an open segment where it is written', () => {
    expectRejected(created, replace, 'segment-open', 'segment 1 is open')
    const open = { ...replace, segment: 2, epoch: 5, before: [2, 3] }
    expectRejected(done, open, 'segment-open', 'segment 2 is open')
  })

  it('is a compare-and-set on the replicas', () => {
    expectRejected(done, { ...replace, before: [1, 3] }, 'stale-replicas', 'segment 1 is on nodes 1, 2')
    expectRejected(done, { ...replace, epoch: 5 }, 'stale-epoch', 'segment 1 is at epoch 4, not 5')
  })

  it('needs known replicas, at least one, without repeats', () => {
    expectRejected(done, { ...replace, after: [] }, 'invalid-command', 'there are no replicas')
    expectRejected(done, { ...replace, after: [2, 2] }, 'invalid-command', 'the replicas repeat a node')
    expectRejected(done, { ...replace, after: [2, 9] }, 'unknown-node', 'node 9 is unknown')
    expectRejected(done, { ...replace, segment: 3 }, 'unknown-segment', 'segment 3 does not exist')
    expectRejected(done, { ...replace, topic: 'x' }, 'unknown-topic', 'topic "x" does not exist')
  })
})

describe('metadata: FenceSegment', () => {
  it('makes the open segment recovering, an epoch on, under the same leader', () => {
    expect(segmentsAfter([...created, fence])).to.deep.equal([
      { ...opened, id: 1, baseOffset: 0, leader: 1, replicas: [1, 2], epoch: 5, createdEpoch: 4, state: 'recovering' },
    ])
  })

  it('knows its own repetition, and lets the next coordinator fence the first', () => {
    expectOutcome([...created, fence], fence, 'unchanged')
    const twice = [...created, fence, { ...fence, epoch: 5 }]
    expect(segmentsAfter(twice)[0]).to.include({ state: 'recovering', epoch: 6 })
    expectRejected(twice, fence, 'stale-epoch', 'segment 1 is at epoch 6, not 4')
    expectRejected(twice, { ...seal, epoch: 5 }, 'stale-epoch', 'segment 1 is at epoch 6, not 5')
  })

  it('refuses sealed and unknown segments', () => {
    expectRejected([...created, seal], fence, 'stale-segment', 'segment 1 is sealed')
    expectRejected(created, { ...fence, segment: 2 }, 'unknown-segment', 'segment 2 does not exist')
    expectRejected(created, { ...fence, epoch: 5 }, 'stale-epoch', 'segment 1 is at epoch 4, not 5')
    expectRejected(nodes, fence, 'unknown-topic', 'topic "logs" does not exist')
  })
})

describe('metadata: TrimTopic and DeleteTopic', () => {
  const rolled: readonly MetadataCommand[] = [...created, seal, { ...seal, segment: 2, epoch: 5 }]

  it('drops sealed segments up to one; offsets stay', () => {
    const left = segmentsAfter([...rolled, { ...trim, upToSegment: 2, epoch: 5 }])
    expect(left.map(({ id, baseOffset }) => [id, baseOffset])).to.deep.equal([[3, 20]])
    expect(segmentsAfter([...rolled, trim]).map(({ id }) => id)).to.deep.equal([2, 3])
  })

  it('never trims an open segment, an unknown one, or one of another topic of that name', () => {
    expectRejected(rolled, { ...trim, upToSegment: 3, epoch: 6 }, 'segment-open', 'segment 3 is open')
    expectRejected(rolled, { ...trim, upToSegment: 4 }, 'unknown-segment', 'segment 4 does not exist')
    expectRejected(rolled, { ...trim, epoch: 3 }, 'stale-epoch', 'segment 1 is at epoch 4, not 3')
    expectOutcome([...rolled, trim], trim, 'unchanged')
    expectRejected(nodes, trim, 'unknown-topic', 'topic "logs" does not exist')
  })

  it('deletes the topic that has the epoch, and nothing that was created since', () => {
    expect(stateAfter([...rolled, remove]).topics.size).to.equal(0)
    expectOutcome([...rolled, remove], remove, 'unchanged')
    expectRejected([...rolled, remove, create], remove, 'stale-epoch', 'the epochs are 8 to 8, not 4')
    expectRejected(rolled, { ...remove, epoch: 7 }, 'stale-epoch', 'the epochs are 4 to 6, not 7')
  })
})

describe('metadata: ConfigureTopic, UpsertNode and RemoveNode', () => {
  const config = { ...DEFAULT_TOPIC_CONFIG, segmentEntriesMax: 10 }
  const configure: Command<'ConfigureTopic'> = { kind: 'ConfigureTopic', topic: 'logs', config }

  it('changes the config and nothing else', () => {
    const state = stateAfter([...created, configure])
    expect(state.topics.get('logs')).to.deep.include({ config, segments: segmentsAfter(created) })
    expectOutcome([...created, configure], configure, 'unchanged')
    expectRejected(nodes, configure, 'unknown-topic', 'topic "logs" does not exist')
  })

  it('adds and replaces nodes', () => {
    const moved = { ...sampleNode(1), address: '[::1]:7001', draining: true }
    expect(stateAfter([...nodes, { kind: 'UpsertNode', node: moved }]).nodes.get(1)).to.deep.equal(moved)
    expectOutcome(nodes, { kind: 'UpsertNode', node: sampleNode(1) }, 'unchanged')
  })

  it('keeps an id for the node that has it, and knows where its clients are', () => {
    const known: MetadataCommand = {
      kind: 'UpsertNode',
      node: { ...sampleNode(4), identity: 'one', clientAddress: 'c:1' },
    }
    const other: MetadataCommand = { kind: 'UpsertNode', node: { ...sampleNode(4), identity: 'another' } }
    expect(stateAfter([known]).nodes.get(4)).to.deep.equal(known.node)
    expectOutcome([known], known, 'unchanged')
    expectOutcome([known], { ...known, node: { ...known.node, clientAddress: 'c:2' } }, 'applied')
    const detail = `node 4 is another one, at ${known.node.address}`
    expectRejected([known], other, 'node-taken', detail)
    expectRejected([known], { kind: 'UpsertNode', node: sampleNode(4) }, 'node-taken', detail)
    expectOutcome(nodes, { kind: 'UpsertNode', node: { ...sampleNode(1), identity: 'one' } }, 'applied')
  })

  it('never takes an id again whose node was removed', () => {
    const removed: readonly MetadataCommand[] = [...nodes, { kind: 'RemoveNode', id: 3 }]
    expect([...stateAfter(removed).removedNodes.values()]).to.deep.equal([{ id: 3, address: sampleNode(3).address }])
    expectRejected(removed, { kind: 'UpsertNode', node: sampleNode(3) }, 'node-removed', 'node 3 was removed')
    expectOutcome(removed, { kind: 'RemoveNode', id: 3 }, 'unchanged')
  })

  it('removes a node unless it holds a replica', () => {
    expect([...stateAfter([...created, { kind: 'RemoveNode', id: 3 }]).nodes.keys()]).to.deep.equal([1, 2])
    expectOutcome(created, { kind: 'RemoveNode', id: 9 }, 'unchanged')
    const remove2: MetadataCommand = { kind: 'RemoveNode', id: 2 }
    expectRejected([...created, seal], remove2, 'node-in-use', 'node 2 is a replica of 2 segments')
  })
})

describe('metadata: malformed commands', () => {
  const table: readonly [string, unknown, string][] = [
    ['null', null, 'kind is unknown: "undefined"'],
    ['unknown kind', { kind: 'Explode' }, 'kind is unknown: "Explode"'],
    ['inherited kind', { kind: 'constructor' }, 'kind is unknown: "constructor"'],
    ['bad topic', { ...fence, topic: 'a b' }, 'topic is not valid (only A-Z a-z 0-9 . _ - are allowed), not "a b"'],
    ['topic is a number', { ...fence, topic: 7 }, 'topic must be a text, not "7"'],
    ['NaN', { ...seal, entryCount: Number.NaN }, 'entryCount must be an integer from 0 to 9007199254740991, not "NaN"'],
    ['negative', { ...fence, epoch: -1 }, 'epoch must be an integer from 1 to 9007199254740991, not "-1"'],
    ['fraction', { ...fence, epoch: 1.5 }, 'epoch must be an integer from 1 to 9007199254740991, not "1.5"'],
    ['no replicas', { ...create, replicas: undefined }, 'replicas must be a list of at most 16, not "undefined"'],
    [
      'many replicas',
      { ...create, replicas: Array(17).fill(1) },
      'replicas must be a list of at most 16, not a list of 17',
    ],
    [
      'odd role',
      { kind: 'UpsertNode', node: { ...sampleNode(1), role: 'king' } },
      'node role must be voter or learner, not "king"',
    ],
    [
      'no port',
      { kind: 'UpsertNode', node: { ...sampleNode(1), address: 'host' } },
      'node address is not valid (host:port is needed), not "host"',
    ],
    [
      'no client port',
      { kind: 'UpsertNode', node: { ...sampleNode(1), clientAddress: '' } },
      'node clientAddress is not valid (host:port is needed), not ""',
    ],
    [
      'odd identity',
      { kind: 'UpsertNode', node: { ...sampleNode(1), identity: 'ż' } },
      'node identity is not valid (1 to 64 visible ASCII characters are needed), not "ż"',
    ],
    [
      'port 0',
      { kind: 'UpsertNode', node: { ...sampleNode(1), address: 'h:0' } },
      'node address is not valid (host:port is needed), not "h:0"',
    ],
  ]
  for (const [name, junk, detail] of table) {
    it(name, () => {
      expectRejected(created, junk as MetadataCommand, 'invalid-command', detail)
    })
  }

  it('quotes a huge value shortly', () => {
    const { result } = applyCommand(EMPTY_METADATA, { ...fence, topic: 'x'.repeat(1_000_000) })
    expect(result).to.have.property('detail').that.has.length.below(200)
  })

  it('never throws and never changes anything, whatever it is given', () => {
    const field = fc.constantFrom(...Object.keys({ ...create, ...seal, ...trim, node: 0, id: 0 }))
    const base = fc.constantFrom<object[]>(create, seal, fence, trim, remove, nodes[0]!, { kind: 'RemoveNode', id: 1 })
    const mangled = fc.tuple(base, field, fc.anything()).map(([good, name, value]) => ({ ...good, [name]: value }))
    const state = stateAfter(created)
    fc.assert(
      fc.property(fc.oneof(fc.anything(), mangled), (junk) => {
        const after = applyCommand(state, junk as MetadataCommand)
        expect(after.state.version).to.equal(state.version + 1)
        if (after.result.outcome !== 'rejected') return
        expect(after.state.topics).to.equal(state.topics)
        expect(after.state.nodes).to.equal(state.nodes)
      }),
      { numRuns: 1000 },
    )
  })

  it('keeps nothing of the command object: changing it afterwards changes no state', () => {
    const replicas = [1, 2]
    const state = stateAfter([...nodes, { ...create, replicas }])
    replicas.push(3)
    expect(state.topics.get('logs')?.segments[0]?.replicas).to.deep.equal([1, 2])
  })
})

describe('metadata: 20,000 topics', () => {
  it('shares every topic that a command does not name', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `topic-${index}`)
    let state = stateAfter(nodes)
    for (const topic of names) state = applyCommand(state, { ...create, topic }).state
    const before = state
    const epochs = new Map([...before.topics.values()].map((topic) => [topic.name, topic.segments[0]!.epoch]))
    for (const topic of names.slice(1)) state = applyCommand(state, { ...seal, topic, epoch: epochs.get(topic)! }).state
    expect(state.topics.size).to.equal(20_000)
    expect(state.topics.get('topic-0')).to.equal(before.topics.get('topic-0'))
    for (const topic of names.slice(1)) {
      expect(state.topics.get(topic)?.segments).to.have.length(2)
      expect(before.topics.get(topic)?.segments).to.have.length(1)
    }
  })
})

function stateAfter(commands: readonly MetadataCommand[]): ClusterMetadata {
  return commands.reduce((state, command) => applyCommand(state, command).state, EMPTY_METADATA)
}

function segmentsAfter(commands: readonly MetadataCommand[]): readonly SegmentMetadata[] {
  return stateAfter(commands).topics.get('logs')?.segments ?? []
}

function expectOutcome(before: readonly MetadataCommand[], command: MetadataCommand, outcome: string): void {
  expect(applyCommand(stateAfter(before), command).result).to.deep.equal({ outcome })
}

function expectRejected(
  before: readonly MetadataCommand[],
  command: MetadataCommand,
  reason: RejectionReason,
  detail: string,
): void {
  const state = stateAfter(before)
  const after = applyCommand(state, command)
  expect(after.result).to.deep.equal({ outcome: 'rejected', reason, detail })
  expect(after.state).to.deep.equal({ ...state, version: state.version + 1 })
}
