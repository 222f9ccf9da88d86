import { endPosition } from '@walrus/core'
import { UNKNOWN_OFFSET } from '../actions/writer-steps.js'
import { counted, describeLog, describeOperation, entryCount, isEntry } from '../model/records.js'
import type { Acknowledged, Copy, State } from '../model/state.js'
import { itemAt, partOf, topicName } from '../model/update.js'
import type { Invariant } from './invariant.js'
import { storedSegments, type StoredSegment } from './true-log.js'

/** What was acknowledged is in the log, at the offset that was told, on as many disks as its segment's quorum. */
export const ackedForever: Invariant = (_, state) => {
  for (const [topic, { acked }] of state.clients.entries()) {
    if (acked.length === 0) continue
    const segments = storedSegments(state, topic)
    for (const one of acked) {
      const fault = ackFault(segments, one)
      if (fault !== undefined)
        return `${describeOperation(one.operation)} was acknowledged at offset ${one.offset}, and ${fault}`
    }
  }
  return undefined
}

function ackFault(segments: readonly StoredSegment[], { operation, offset }: Acknowledged): string | undefined {
  for (const { segment, log, copies } of segments) {
    const position = log.indexOf(operation)
    if (position < 0) continue
    const found = segment.baseOffset + entryCount(log.slice(0, position))
    if (offset !== UNKNOWN_OFFSET && found !== offset) return `it is at offset ${found}`
    const durable = copies.filter(
      (copy) => copy !== undefined && copy.durable > position && copy.log[position] === operation,
    )
    return durable.length >= segment.ackQuorum
      ? undefined
      : `${counted(durable.length, 'disk')} of ${segment.ackQuorum} have it`
  }
  return 'it is not in the log'
}

/** What any copy knows as committed, every other copy that is as long has too. */
export const committedPrefixesAgree: Invariant = (_, state) => {
  return disagreement(state, (left, right) => Math.min(left.committed, right.log.length))
}

/** Of any two copies of a segment, one is a prefix of the other: a segment has no second history. */
export const copiesArePrefixes: Invariant = (_, state) => {
  return disagreement(state, (left, right) => Math.min(left.log.length, right.log.length))
}

function disagreement(state: State, lengthOf: (left: Copy, right: Copy) => number): string | undefined {
  for (const topic of state.clients.keys()) {
    for (const { segment, copies } of storedSegments(state, topic)) {
      for (const left of copies) {
        for (const right of copies) {
          if (left === undefined || right === undefined || left === right) continue
          if (agreeUpTo(left, right, lengthOf(left, right))) continue
          return `copies of segment ${segment.id} differ: "${describeLog(left.log)}" and "${describeLog(right.log)}"`
        }
      }
    }
  }
  return undefined
}

function agreeUpTo(left: Copy, right: Copy, length: number): boolean {
  for (let at = 0; at < length; at += 1) if (left.log[at] !== right.log[at]) return false
  return true
}

/** Once it is decided where a segment ends, its leader has settled nothing behind that, and never will. */
export const nothingAckedUnderFencedEpoch: Invariant = (_, state) => {
  for (const topic of state.clients.keys()) {
    for (const { segment, copies } of storedSegments(state, topic)) {
      const end = segment.state === 'sealed' ? endPosition(segment) : decidedEnd(state, topic, segment.epoch)
      if (end === undefined) continue
      const { writer } = partOf(state, { node: segment.leader, topic })
      if (writer?.segment === segment.id && writer.committed > end) return tooFar(segment.id, end, writer.committed)
      const beyond = ackedBeyond(state, topic, copies, end)
      if (beyond !== undefined) return tooFar(segment.id, end, beyond)
    }
  }
  return undefined
}

function tooFar(segment: number, end: number, committed: number): string {
  return `segment ${segment} ends behind ${counted(end, 'record')}, and its leader has settled ${committed}`
}

/** The end that a proposal may yet decide: a seal of that very epoch. */
function decidedEnd(state: State, topic: number, epoch: number): number | undefined {
  for (const command of state.proposals) {
    if (command.kind === 'SealAndRoll' && command.topic === topicName(topic) && command.epoch === epoch)
      return endPosition(command)
  }
  return undefined
}

function ackedBeyond(
  state: State,
  topic: number,
  copies: readonly (Copy | undefined)[],
  end: number,
): number | undefined {
  const { acked } = itemAt(state.clients, topic)
  for (const copy of copies) {
    if (copy === undefined) continue
    for (let at = end; at < copy.log.length; at += 1) {
      const record = itemAt(copy.log, at)
      if (
        isEntry(record) &&
        copies.every((other) => other === undefined || !other.log.slice(0, end).includes(record))
      ) {
        if (acked.some(({ operation }) => operation === record) && !elsewhere(state, topic, copy, record)) return at + 1
      }
    }
  }
  return undefined
}

/** The producer sent it again, and a later segment has it. */
function elsewhere(state: State, topic: number, copy: Copy, record: number): boolean {
  return storedSegments(state, topic).some(({ copies, log }) => !copies.includes(copy) && log.includes(record))
}
