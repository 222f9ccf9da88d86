import { endPosition, stateFault, type ClusterMetadata, type MetadataCommand, type MetadataEvent } from '@walrus/core'
import { EMPTY_LOG_STATE, SegmentLog } from './segment-log.js'
import {
  newest,
  newestTopic,
  segmentOf,
  type Replay,
  type ReplayedNode,
  type ReplayedSegment,
  type ReplayedTopic,
} from './replay-state.js'
import { broken, waits, type Refusal } from './verdict.js'

type Applied = Extract<MetadataEvent, { readonly kind: 'metadata-applied' }>

/** The model's `applyProposal` (the first node that has a version) and `learnMetadata` (every node). */
export function metadataStep(replay: Replay, node: ReplayedNode, event: MetadataEvent): Refusal | undefined {
  const { version } = event
  if (event.kind === 'metadata-restored') {
    if (version >= replay.metadata.length) return waits(`no node has applied version ${version} yet`)
  } else {
    if (node.version !== undefined && version !== node.version + 1) {
      return broken('applyProposal', `its metadata was at version ${node.version}`)
    }
    const refusal = version < replay.metadata.length ? known(replay, event) : decided(replay, event)
    if (refusal !== undefined) return refusal
  }
  node.version = version
  return undefined
}

/** What one node has applied, all have. */
function known(replay: Replay, event: Applied): Refusal | undefined {
  const before = replay.commands[event.version]
  if (before === textOf(event)) return undefined
  return broken('DomainConsistency', `another node has applied something else as version ${event.version}: ${before}`)
}

function decided(replay: Replay, event: Applied): Refusal | undefined {
  const { version, command, outcome } = event
  if (version > replay.metadata.length) return waits(`no node has applied version ${replay.metadata.length} yet`)
  const { state, result } = replay.decisions.applyCommand(newest(replay), command)
  if (result.outcome !== outcome) {
    return broken('applyProposal', `${command.kind} is ${result.outcome} by the model, and the node says ${outcome}`)
  }
  const refusal = outcome === 'applied' ? changed(replay, command, state) : undefined
  if (refusal !== undefined) return refusal
  replay.metadata.push(state)
  replay.commands.push(textOf(event))
  return undefined
}

function textOf({ command, outcome }: Applied): string {
  return `${outcome} ${JSON.stringify(command)}`
}

function changed(replay: Replay, command: MetadataCommand, state: ClusterMetadata): Refusal | undefined {
  const fault = 'topic' in command ? topicFault(state, command.topic) : undefined
  if (fault !== undefined) return broken('DomainConsistency', fault)
  switch (command.kind) {
    case 'CreateTopic':
      created(replay, command.topic, state)
      return undefined
    case 'SealAndRoll':
      return sealed(replay, command, state)
    case 'FenceSegment':
    case 'ReplaceReplicas':
    case 'ConfigureTopic':
    case 'DeleteTopic':
    case 'TrimTopic':
    case 'UpsertNode':
    case 'RemoveNode':
      return undefined
  }
}

/** The invariants of the metadata, for the one topic that has changed. */
function topicFault(state: ClusterMetadata, name: string): string | undefined {
  const topic = state.topics.get(name)
  return topic && stateFault({ ...state, topics: new Map([[name, topic]]) })
}

function created(replay: Replay, name: string, state: ClusterMetadata): void {
  const metadata = state.topics.get(name)
  if (metadata === undefined) return
  const segment = segmentOf(metadata, new SegmentLog(EMPTY_LOG_STATE), state.version)
  const { createdEpoch: firstEpoch } = segment
  const topic = { name, firstEpoch, segments: new Map([[segment.id, segment]]), cursors: new Map() }
  replay.topics.set(name, [...(replay.topics.get(name) ?? []), topic])
}

type SealAndRoll = Extract<MetadataCommand, { readonly kind: 'SealAndRoll' }>

function sealed(replay: Replay, command: SealAndRoll, state: ClusterMetadata): Refusal | undefined {
  const topic = newestTopic(replay, command.topic)
  const segment = topic?.segments.get(command.segment)
  const metadata = state.topics.get(command.topic)
  if (topic === undefined || segment === undefined || metadata === undefined) {
    return broken('NoWritesPastOpenSegment', `segment ${command.segment} of "${command.topic}" is not there`)
  }
  if (!wasProposed(segment, command)) return waits('nobody has proposed it yet')
  const refusal = endFault(segment, endPosition(command))
  if (refusal !== undefined) return refusal
  segment.end = endPosition(command)
  addSegment(topic, segmentOf(metadata, new SegmentLog(segment.log.stateAt(segment.end)), state.version))
  return undefined
}

function wasProposed(segment: ReplayedSegment, command: SealAndRoll): boolean {
  const { epoch, entryCount, controlCount, nextLeader } = command
  return segment.seals.some(
    (seal) =>
      seal.epoch === epoch &&
      seal.entryCount === entryCount &&
      seal.controlCount === controlCount &&
      seal.nextLeader === nextLeader,
  )
}

function endFault({ writer, copies, ackQuorum }: ReplayedSegment, end: number): Refusal | undefined {
  if (writer !== undefined && writer.committed > end) {
    return broken('NothingAckedUnderFencedEpoch', `it ends at ${end}, and its leader has settled ${writer.committed}`)
  }
  const whole = [...copies.values()].filter(({ held }) => held >= end).length
  if (end === 0 || whole >= ackQuorum) return undefined
  return broken('SealedCountsStable', `it is sealed at ${end} records, and ${whole} nodes have so many`)
}

function addSegment({ segments }: ReplayedTopic, segment: ReplayedSegment): void {
  segments.set(segment.id, segment)
}
