import { endPosition, lastSegment, stateFault, type ClusterMetadata, type SegmentMetadata } from '@walrus/core'
import { holdsLease } from '../actions/writer-steps.js'
import { counted } from '../model/records.js'
import type { State } from '../model/state.js'
import { copyOf, newestTopic, nodeIds, nodeOf, partOf, topicOf, viewOf } from '../model/update.js'
import type { Invariant } from './invariant.js'
import { storedSegments } from './true-log.js'

const faults = new WeakMap<ClusterMetadata, { readonly fault: string | undefined }>()

/** Metadata hold together (stateFault), and only replicas have copies. */
export const domainConsistency: Invariant = (_, state) => {
  for (const metadata of state.history) {
    let known = faults.get(metadata)
    if (known === undefined) faults.set(metadata, (known = { fault: stateFault(metadata) }))
    if (known.fault !== undefined) return known.fault
  }
  for (const topic of state.clients.keys()) {
    for (const { segment, copies } of storedSegments(state, topic)) {
      const stranger = copies.findIndex((copy, index) => copy !== undefined && !segment.replicas.includes(index + 1))
      if (stranger >= 0) return `node ${stranger + 1} has a copy of segment ${segment.id} and is no replica`
    }
  }
  return undefined
}

/** A segment has one leader for its whole life, and nobody else writes it. */
export const singleWriterPerSegment: Invariant = (_, state) => {
  for (const topic of state.clients.keys()) {
    for (const segment of newestTopic(state, topic).segments) {
      for (const metadata of state.history) {
        const before = topicOf(metadata, topic).segments[segment.id - 1]
        if (before !== undefined && before.leader !== segment.leader) return `segment ${segment.id} changed its leader`
      }
      for (const node of nodeIds(state)) {
        if (node === segment.leader || partOf(state, { node, topic }).writer?.segment !== segment.id) continue
        return `node ${node} writes segment ${segment.id}, which node ${segment.leader} leads`
      }
    }
  }
  return undefined
}

/** Nothing is stored of a segment that metadata do not have yet. */
export const noWritesPastOpenSegment: Invariant = (_, state) => {
  for (const topic of state.clients.keys()) {
    const { id } = lastSegment(newestTopic(state, topic))
    for (const node of nodeIds(state)) {
      const past = partOf(state, { node, topic }).copies.length
      if (past > id) return `node ${node} has a copy of segment ${past}, and the newest segment is ${id}`
    }
  }
  return undefined
}

/** A sealed count never changes, a quorum has all of the segment, and nobody who knows the seal has more. */
export const sealedCountsStable: Invariant = (_, state) => {
  for (const topic of state.clients.keys()) {
    for (const { segment, copies } of storedSegments(state, topic)) {
      if (segment.state !== 'sealed') continue
      const whole = copies.filter((copy) => (copy?.durable ?? 0) >= endPosition(segment)).length
      if (whole < segment.ackQuorum && endPosition(segment) > 0) {
        return `segment ${segment.id} was sealed at ${counted(endPosition(segment), 'record')}, and ${counted(whole, 'disk')} of ${segment.ackQuorum} have so many`
      }
      const fault = changedCount(state, topic, segment) ?? excess(state, topic, segment)
      if (fault !== undefined) return fault
    }
  }
  return undefined
}

function changedCount(state: State, topic: number, segment: SegmentMetadata): string | undefined {
  for (const metadata of state.history) {
    const before = topicOf(metadata, topic).segments[segment.id - 1]
    if (before?.state !== 'sealed' || endPosition(before) === endPosition(segment)) continue
    return `segment ${segment.id} was sealed at ${counted(endPosition(before), 'record')}, and then at ${endPosition(segment)}`
  }
  return undefined
}

function excess(state: State, topic: number, segment: SegmentMetadata): string | undefined {
  for (const node of nodeIds(state)) {
    if (!nodeOf(state, node).up) continue
    const known = viewOf(state, { node, topic }).segments[segment.id - 1]
    const stored = copyOf(state, { node, topic, segment: segment.id })?.log.length ?? 0
    if (known?.state === 'sealed' && stored > endPosition(known)) {
      return `node ${node} knows that segment ${segment.id} ends at ${endPosition(known)} and has ${counted(stored, 'record')}`
    }
  }
  return undefined
}

/** By the time that others may take a leader for dead, it has stopped by itself. */
export const leaseOverBeforeFence: Invariant = (world, state) => {
  for (const node of nodeIds(state)) {
    const { up, silence } = nodeOf(state, node)
    if (!up || silence < 2) continue
    for (const topic of state.clients.keys()) {
      const { writer } = partOf(state, { node, topic })
      if (writer === undefined || writer.gate === 'stopped') continue
      if (holdsLease(world, state, { node, topic }, writer)) return `node ${node} is taken for dead and holds its lease`
    }
  }
  return undefined
}
