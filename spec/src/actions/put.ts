import { entriesPerTopic } from '../model/configuration.js'
import { describeOperation, isEntry, operationOf, producerOf, sequenceOf, type Operation } from '../model/records.js'
import type { State } from '../model/state.js'
import { stateAfter } from '../model/topic-start.js'
import { itemAt, nodeIds, nodeOf, segmentName, type Place } from '../model/update.js'
import type { Action, Step, World } from './step.js'
import { acknowledged, appended, holdsLease, writingAt } from './writer-steps.js'

/**
 * A forwarded append reaches a leader: the next one of its producer, again and again until
 * its outcome is known, or a late copy of an earlier one. Whoever does not lead refuses, which changes nothing.
 *
 * Code: libs/cluster/src/leading/append-intake.ts#append, libs/cluster/src/leading/topic-gate.ts#appendBatch,
 *       libs/cluster/src/leading/append-intake.ts#storedAnswer
 */
export const put: Action = (world, state, emit) => {
  for (const [topic, { acked }] of state.clients.entries()) {
    for (const operation of sentOperations(
      world,
      acked.map((one) => one.operation),
    )) {
      for (const node of nodeIds(state))
        if (nodeOf(state, node).up) deliver(world, state, { node, topic }, operation, emit)
    }
  }
}

/** Each producer's acknowledged operations, and the first one that is not. */
function sentOperations({ configuration }: World, acked: readonly Operation[]): Operation[] {
  if (acked.length === 0 && entriesPerTopic(configuration) === 0) return []
  const sent: Operation[] = []
  for (let producer = 0; producer < configuration.producers; producer += 1) {
    for (let sequence = 0; sequence < configuration.entriesPerProducer; sequence += 1) {
      const operation = operationOf(producer, sequence)
      sent.push(operation)
      if (!acked.includes(operation)) break
    }
  }
  return sent
}

function deliver(world: World, state: State, place: Place, operation: Operation, emit: (step: Step) => void): void {
  const writing = writingAt(state, place)
  if (writing === undefined || writing.writer.gate === 'stopped') return
  const { writer, copy } = writing
  const { habits } = world.rules
  if (habits.knowsSequences) {
    const last = itemAt(stateAfter(copy.start, copy.log).sequences, producerOf(operation))
    if (sequenceOf(operation) <= last) {
      emitKnown(state, place, operation, emit)
      return
    }
  }
  const passes = writer.gate === 'open' || !habits.gateCloses
  if (!passes || !holdsLease(world, state, place, writer)) return
  const label = `node ${place.node} appends ${describeOperation(operation)} to ${segmentName(writer.segment, place.topic)}`
  emit({ kind: 'protocol', label, state: appended(world, state, place, operation) })
}

/** The outcome of the first one is the answer, when it is known. */
function emitKnown(state: State, place: Place, operation: Operation, emit: (step: Step) => void): void {
  const writing = writingAt(state, place)
  if (writing === undefined) return
  const { writer, copy } = writing
  const at = copy.log.findIndex((record) => isEntry(record) && record === operation)
  if (at >= writer.committed) return
  const next = acknowledged(state, place, operation, writer.segment)
  if (next === state) return
  emit({ kind: 'protocol', label: `node ${place.node} knows ${describeOperation(operation)} and says so`, state: next })
}
