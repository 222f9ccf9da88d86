import { lastSegment, type LeaderEvent } from '@walrus/core'
import { committed } from './commit-step.js'
import { copyFor, copyOn, cursorOf, viewOf, type ReplayedSegment } from './replay-state.js'
import type { Scene } from './scene.js'
import { sealProposed } from './seal-step.js'
import { endOf, type BatchRange, type LogState } from './segment-log.js'
import { broken, type Refusal } from './verdict.js'

/** The model's `openSegment`, `put` (and `get`, which appends a control batch), `settled`, and `rollOver`. */
export function leaderStep(scene: Scene, event: LeaderEvent): Refusal | undefined {
  switch (event.kind) {
    case 'segment-opened':
      return opened(scene, event)
    case 'appended':
      return appended(scene, event)
    case 'committed':
      return committed(scene, event.epoch, event.position)
    case 'seal-proposed':
      return sealProposed(scene, event)
  }
}

type Of<Kind extends LeaderEvent['kind']> = Extract<LeaderEvent, { readonly kind: Kind }>

function opened(scene: Scene, event: Of<'segment-opened'>): Refusal | undefined {
  const { node, segment } = scene
  const refusal = mayOpen(scene, event.epoch)
  if (refusal !== undefined) return refusal
  const copy = copyFor(segment, node)
  // The only copy: what its crash has lost was promised to nobody.
  if (segment.replicas.length === 1) segment.log.cut(copy.taken)
  const entries = segment.log.entriesBefore(copy.taken)
  if (copy.taken !== segment.log.end || entries !== event.entryCount) {
    return broken(
      'countsTheLog',
      `it goes on behind ${event.entryCount} entries, and its copy has ${entries ?? 'others'}`,
    )
  }
  const differing = cursorDifference(segment.log.state, event.cursors)
  if (differing !== undefined) return broken('stateFromWholeCopy', differing)
  segment.writer = { life: node.life, committed: copy.stored, over: interruptedSeal(segment) }
  return undefined
}

/** An end that is recorded belongs to a rollover that a crash interrupted: it is finished, and nothing more gets in. */
function interruptedSeal({ seals, createdEpoch }: ReplayedSegment): string | undefined {
  const isEnded = seals.some(({ epoch }) => epoch === createdEpoch)
  return isEnded ? 'an earlier life of the node has proposed its end' : undefined
}

function mayOpen({ replay, node, topic, segment }: Scene, epoch: number): Refusal | undefined {
  const view = viewOf(replay, node, topic.name)
  const last = view && lastSegment(view)
  if (last?.id !== segment.id || last.state !== 'open' || last.epoch !== epoch) {
    return broken('NoWritesPastOpenSegment', 'its metadata has no such open segment')
  }
  const { leader, replicas, writer, createdVersion } = segment
  if (leader !== node.id) return broken('SingleWriterPerSegment', `node ${leader} leads it`)
  if (writer?.life === node.life) return broken('SingleWriterPerSegment', 'it has opened it before')
  if (replicas.length > 1 && createdVersion <= (node.openedVersion ?? 0)) {
    return broken('restartFences', 'it was there before this node started, and others have copies of it')
  }
  return undefined
}

function cursorDifference({ cursors }: LogState, told: Readonly<Record<string, number>>): string | undefined {
  for (const name of new Set([...cursors.keys(), ...Object.keys(told)])) {
    const [inLog, inMemory] = [cursors.get(name) ?? 0, told[name] ?? 0]
    if (inLog !== inMemory) return `cursor "${name}" is at ${inLog} in the log, and the leader begins with ${inMemory}`
  }
  return undefined
}

function appended(scene: Scene, event: Of<'appended'>): Refusal | undefined {
  const { node, segment } = scene
  const refusal = notWriting(scene, event.epoch) ?? misplaced(scene, event.position)
  if (refusal !== undefined) return refusal
  const { position, entryCount, cursors, producer } = event
  const batch: BatchRange = { position, entryCount, cursors, producer }
  const disorder = cursorDisorder(scene, batch) ?? producerDisorder(segment, batch)
  if (disorder !== undefined) return disorder
  segment.log.append(batch)
  copyFor(segment, node).taken = endOf(batch)
  noteCommits(scene, batch)
  return undefined
}

/** Why that node does not write the segment under that epoch. */
export function notWriting({ node, segment }: Scene, epoch: number): Refusal | undefined {
  const { leader, writer, createdEpoch } = segment
  if (leader !== node.id) return broken('SingleWriterPerSegment', `node ${leader} leads it`)
  if (writer?.life !== node.life) return broken('SingleWriterPerSegment', 'it has not opened it in this life')
  if (epoch !== createdEpoch) return broken('SingleWriterPerSegment', `it is written under epoch ${createdEpoch}`)
  return writer.over === undefined ? undefined : broken('gateCloses', `nothing may follow: ${writer.over}`)
}

/** A batch begins where the log ends; an only copy may write again what its disk has refused. */
function misplaced({ node, segment }: Scene, position: number): Refusal | undefined {
  const { log, replicas } = segment
  const stored = copyOn(segment, node.id)?.stored ?? 0
  if (replicas.length === 1 && position < log.end && position >= stored) log.cut(position)
  if (position === log.end) return undefined
  return broken('stopsWhenRefused', `it writes at ${position}, and its log ends at ${log.end}`)
}

function cursorDisorder({ topic, segment }: Scene, { cursors }: BatchRange): Refusal | undefined {
  const entries = segment.baseOffset + segment.log.entryCount
  for (const [name, offset] of Object.entries(cursors ?? {})) {
    const before = segment.log.state.cursors.get(name) ?? 0
    if (offset > entries) {
      return broken('ReadCursorBounds', `cursor "${name}" goes to ${offset}, with ${entries} entries before it`)
    }
    const { moves, delivered } = cursorOf(topic, name)
    // A commit that was given up has delivered nothing: the next one may be for fewer entries.
    if (offset < before && !moves.has(offset) && delivered.some(({ end }) => end > offset)) {
      return broken('ReadCursorBounds', `cursor "${name}" goes back from ${before} to ${offset}`)
    }
  }
  return undefined
}

function producerDisorder({ log }: ReplayedSegment, { producer }: BatchRange): Refusal | undefined {
  const last = producer && log.state.producers.get(producer.id)
  if (producer === undefined || last === undefined || producer.sequence > last) return undefined
  const { id, sequence } = producer
  return broken('SequentialWriteOrder', `producer ${id} has ${last} in the log, and ${sequence} is appended behind it`)
}

function noteCommits({ topic, segment }: Scene, { cursors, position }: BatchRange): void {
  for (const [name, offset] of Object.entries(cursors ?? {})) {
    const cursor = cursorOf(topic, name)
    const places = cursor.commits.get(offset) ?? []
    cursor.commits.set(offset, [...places, { segment: segment.id, position }])
    // Moved back: what follows is delivered again.
    if (cursor.moves.has(offset)) cursor.delivered = cursor.delivered.filter(({ end }) => end <= offset)
  }
}
