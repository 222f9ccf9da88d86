import type { ReadPosition } from '@walrus/core'
import { cursorRecord, describeOperation, entryCount, isEntry, type Operation } from '../model/records.js'
import type { State } from '../model/state.js'
import { copyOf, nodeIds, nodeOf, viewOf, withWriter, type Place } from '../model/update.js'
import type { Action, Step, World } from './step.js'
import { appended, delivered, holdsLease, writingAt } from './writer-steps.js'

/**
 * The leader takes the next entry for a reader: it finds the position (nextRead), reads the entry where it lies, and commits
 * the cursor in the log; when that is committed, the entry is delivered.
 *
 * Code: libs/cluster/src/leading/shared-cursor.ts#serveAll, libs/cluster/src/reading/segment-reader.ts#read,
 *       libs/core/src/cursor.ts#nextRead
 */
export const get: Action = (world, state, emit) => {
  if (!world.configuration.readers) return
  for (const node of nodeIds(state)) {
    for (const topic of nodeOf(state, node).topics.keys()) getAt(world, state, { node, topic }, emit)
  }
}

function getAt(world: World, state: State, place: Place, emit: (step: Step) => void): void {
  const writing = writingAt(state, place)
  if (writing === undefined || writing.writer.gate !== 'open' || writing.writer.serving !== undefined) return
  const { writer, copy } = writing
  if (!holdsLease(world, state, place, writer)) return
  const position = world.rules.decisions.nextRead(viewOf(state, place), writer.cursor)
  const operation = readAt(world, state, place, position, writer.committed)
  if (operation === undefined) return
  const serving = { offset: position.offset, operation, position: copy.log.length }
  const label = `node ${place.node} takes ${describeOperation(operation)} at offset ${position.offset} for a reader, and commits the cursor`
  const withServing = withWriter(state, place, { ...writer, serving })
  const next = appended(world, withServing, place, cursorRecord(position.offset + 1))
  emit({ kind: 'protocol', label, state: world.rules.habits.cursorBeforeDelivery ? next : deliveredEarly(next, place) })
}

function readAt(
  { rules: { habits } }: World,
  state: State,
  place: Place,
  { segment, index }: ReadPosition,
  committed: number,
): Operation | undefined {
  if (segment.state !== 'sealed') return entryAt(state, place, segment.id, index, committed)
  for (const node of nodeIds(state)) {
    if (!nodeOf(state, node).up || (!habits.readsAnyCopy && node !== segment.leader)) continue
    const log = copyOf(state, { ...place, node, segment: segment.id })?.log ?? []
    if (entryCount(log) < segment.entryCount) continue
    return entryAt(state, { ...place, node }, segment.id, index, log.length)
  }
  return undefined
}

function entryAt(state: State, place: Place, segment: number, index: number, end: number): Operation | undefined {
  const log = copyOf(state, { ...place, segment })?.log.slice(0, end) ?? []
  return log.filter(isEntry)[index]
}

function deliveredEarly(state: State, place: Place): State {
  const writing = writingAt(state, place)
  if (writing?.writer.serving === undefined) return state
  const { offset, operation } = writing.writer.serving
  const next = withWriter(state, place, { ...writing.writer, serving: undefined, cursor: offset + 1 })
  return delivered(next, place.topic, operation, offset)
}
