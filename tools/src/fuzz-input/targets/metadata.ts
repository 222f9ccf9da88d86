import {
  applyCommand,
  decodeCommand,
  decodeState,
  DEFAULT_TOPIC_CONFIG,
  EMPTY_METADATA,
  encodeCommand,
  encodeState,
  stateFault,
  type ClusterMetadata,
  type MetadataCommand,
} from '@walrus/core'
import { decodeConfChange, encodeConfChange, RaftError, type ConfChange } from '@walrus/raft'
import { randomBelow, type Random } from '@walrus/testing'
import { anyId, anyName, anyNumber, oneOf, someOf } from '../draw.js'
import { expectSame, expectThat } from '../expectation.js'
import { pureTarget } from '../fuzz-target.js'

/** Commands of the metadata, as they stand in the log of Raft. */
export const metadataCommands = pureTarget(
  { name: 'metadata-commands', about: 'commands of the metadata, decoded and applied' },
  {
    example: (random) => Buffer.from(encodeCommand(exampleCommand(random))),
    check: (input) => {
      const decoded = decodeCommand(Buffer.from(input).toString('latin1'))
      if (!decoded.ok) return expectThat(decoded.fault.length > 0, 'a fault says nothing')
      expectSame(
        decodeCommand(encodeCommand(decoded.value)),
        decoded,
        'a command is another one when it is written again',
      )
      checkApplied(SOME_STATE, decoded.value)
    },
  },
)

/** The whole metadata, as snapshots carry it. */
export const metadataStates = pureTarget(
  {
    name: 'metadata-states',
    about: 'snapshots of the metadata, decoded, and commands applied to them',
    testInputs: 1500,
  },
  {
    example: (random) => Buffer.from(encodeState(exampleState(random))),
    check: (input) => {
      const decoded = decodeState(Buffer.from(input).toString('utf8'))
      if (!decoded.ok) return expectThat(decoded.fault.length > 0, 'a fault says nothing')
      expectThat(stateFault(decoded.value) === undefined, 'a state came through that breaks an invariant')
      const again = decodeState(encodeState(decoded.value))
      expectThat(
        again.ok && encodeState(again.value) === encodeState(decoded.value),
        'a state is another one when it is written again',
      )
      const [topic] = decoded.value.topics.values()
      const name = topic?.name ?? 'logs'
      const segment = topic?.segments.at(-1)
      for (const command of commandsOn(name, segment?.id ?? 1, segment?.epoch ?? 1))
        checkApplied(decoded.value, command)
    },
  },
)

/** Changes of the membership of Raft. */
export const confChanges = pureTarget(
  { name: 'conf-changes', about: 'changes of the membership of Raft' },
  {
    example: (random) => encodeConfChange(exampleConfChange(random)),
    check: (input) => {
      let change: ConfChange
      try {
        change = decodeConfChange(input)
      } catch (error) {
        return expectThat(error instanceof RaftError, `a change is refused with ${String(error)}`)
      }
      expectSame(decodeConfChange(encodeConfChange(change)), change, 'a change is another one when it is written again')
    },
  },
)

function checkApplied(state: ClusterMetadata, command: MetadataCommand): void {
  const before = encodeState(state)
  const { state: after } = applyCommand(state, command)
  expectThat(stateFault(after) === undefined, `"${command.kind}" breaks an invariant: ${stateFault(after) ?? ''}`)
  expectThat(encodeState(state) === before, `"${command.kind}" has changed the state before`)
}

const NODES: readonly MetadataCommand[] = [1, 2, 3].map((id) => ({
  kind: 'UpsertNode',
  node: { id, address: `10.0.0.${id}:6000`, role: 'voter', draining: false },
}))
const TOPIC: MetadataCommand = {
  kind: 'CreateTopic',
  topic: 'logs',
  config: DEFAULT_TOPIC_CONFIG,
  leader: 1,
  replicas: [1, 2, 3],
}
const SOME_STATE = [...NODES, TOPIC].reduce((state, command) => applyCommand(state, command).state, EMPTY_METADATA)

function exampleState(random: Random): ClusterMetadata {
  const commands = Array.from({ length: randomBelow(random, 8) }, () => exampleCommand(random))
  return commands.reduce((state, command) => applyCommand(state, command).state, SOME_STATE)
}

function exampleCommand(random: Random): MetadataCommand {
  const topic = random() < 0.7 ? 'logs' : anyName(random)
  const small = () => 1 + randomBelow(random, 4)
  return oneOf<MetadataCommand>(random, [
    { kind: 'CreateTopic', topic, config: DEFAULT_TOPIC_CONFIG, leader: small(), replicas: [1, 2, 3] },
    {
      kind: 'UpsertNode',
      node: { id: small(), address: 'a:1', identity: anyName(random), role: 'learner', draining: true },
    },
    { kind: 'RemoveNode', id: anyId(random) },
    ...commandsOn(topic, small(), small(), anyNumber(random)),
  ])
}

function commandsOn(topic: string, segment: number, epoch: number, count = 7): readonly MetadataCommand[] {
  const next = { nextLeader: 2, nextReplicas: [2, 3] }
  return [
    { kind: 'SealAndRoll', topic, segment, epoch, entryCount: count, controlCount: count, ...next },
    { kind: 'FenceSegment', topic, segment, epoch },
    { kind: 'ReplaceReplicas', topic, segment, epoch, before: [1, 2, 3], after: [1, 2] },
    { kind: 'ConfigureTopic', topic, config: { ...DEFAULT_TOPIC_CONFIG, segmentEntriesMax: Math.max(1, count) } },
    { kind: 'TrimTopic', topic, upToSegment: segment, epoch },
    { kind: 'DeleteTopic', topic, epoch },
  ]
}

function exampleConfChange(random: Random): ConfChange {
  return {
    transition: oneOf(random, ['auto', 'implicit', 'explicit']),
    changes: someOf(random, 3, () => ({
      type: oneOf(random, ['addVoter', 'addLearner', 'remove', 'update']),
      id: anyId(random),
    })),
  }
}
