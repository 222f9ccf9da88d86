import {
  endPosition,
  segmentById,
  SHARED_CURSOR,
  type ClusterMetadata,
  type CopyReport,
  type MetadataCommand,
  type ProtocolEvent,
  type SegmentMetadata,
} from '@walrus/core'
import type { World } from '../actions/step.js'
import { creation } from '../model/initial-state.js'
import { entryCount, isEntry, producerOf, sequenceOf, type LogRecord } from '../model/records.js'
import type { Copy, Node, State, Stretch, Writer } from '../model/state.js'
import { itemAt, newest, nodeIds, nodeOf, topicName } from '../model/update.js'
import type { TracedLine } from './trace-file.js'

/** Writes the trace that nodes would have written which take the steps of the model: what differs between two states. */
export class ModelRun {
  readonly lines: TracedLine[] = []
  readonly #world: World
  readonly #numbers = new Map<number, number>()
  readonly #commands: MetadataCommand[]
  /** For each topic and coordinator at work, what it was told first by each node. */
  readonly #told: Map<number, CopyReport>[][]
  /** Coordinators run on a node of their own, which never dies. */
  readonly #coordinator: number

  constructor(world: World, first: State) {
    this.#world = world
    this.#coordinator = first.nodes.length + 1
    this.#commands = creation(world.configuration)
    this.#told = first.clients.map(() => [])
    const version = first.nodes.length
    for (const node of [...nodeIds(first), this.#coordinator]) {
      this.#learn(node, 0, version)
      this.#record(node, { kind: 'node-opened', version })
      // The topics are created when all nodes are there.
      this.#learn(node, version, this.#commands.length)
    }
  }

  step(before: State, after: State): void {
    this.#decided(before, after)
    for (const [topic, attempts] of before.recoveries.entries()) this.#followCoordinators(topic, attempts.length, after)
    this.#askedToCopy(before, after)
    for (const node of nodeIds(after)) this.#node(node, before, after)
    this.#noteReports(after)
    this.#proposed(before, after)
    this.#forgetCoordinators(before, after)
    this.#delivered(before, after)
  }

  #record(node: number, event: ProtocolEvent): void {
    const number = (this.#numbers.get(node) ?? 0) + 1
    this.#numbers.set(node, number)
    this.lines.push({ event: { node, number, ...event }, place: `model:${this.lines.length + 1}` })
  }

  #learn(node: number, from: number, to: number): void {
    for (let version = from + 1; version <= to; version += 1) {
      const command = itemAt(this.#commands, version - 1)
      this.#record(node, { kind: 'metadata-applied', version, command, outcome: 'applied' })
    }
  }

  #decided(before: State, after: State): void {
    const { version } = newest(after)
    if (version === this.#commands.length) return
    const gone = before.proposals.filter((command) => !after.proposals.includes(command))
    this.#commands.push(itemAt(gone, 0))
    this.#learn(this.#coordinator, version - 1, version)
  }

  #node(id: number, before: State, after: State): void {
    const [was, is] = [nodeOf(before, id), nodeOf(after, id)]
    if (!is.up) return
    const { version } = itemAt(after.history, is.view)
    if (was.up) this.#learn(id, itemAt(before.history, was.view).version, version)
    else this.#restart(id, was, version)
    const metadata = itemAt(after.history, is.view)
    for (const topic of is.topics.keys()) this.#part(id, topic, metadata, before, after)
  }

  #restart(id: number, { topics }: Node, version: number): void {
    this.#numbers.set(id, 0)
    this.#record(id, { kind: 'metadata-restored', version })
    for (const [topic, { copies }] of topics.entries()) {
      for (const [index, copy] of copies.entries()) {
        if (copy === undefined) continue
        const segment = index + 1
        const { fencedEpoch, ended: sealed } = copy
        const where = { topic: topicName(topic), segment, createdEpoch: this.#createdEpoch(topic, segment) }
        this.#record(id, { kind: 'copy-found', ...where, fencedEpoch, sealed, damaged: false, ...countsOf(copy.log) })
      }
    }
    this.#record(id, { kind: 'node-opened', version })
  }

  #part(id: number, topic: number, metadata: ClusterMetadata, before: State, after: State): void {
    const [was, is] = [itemAt(nodeOf(before, id).topics, topic), itemAt(nodeOf(after, id).topics, topic)]
    if (was.writer === undefined && is.writer !== undefined) this.#opened(id, topic, is.writer, is.copies)
    for (const index of is.copies.keys()) {
      const place = { id, topic, segment: index + 1 }
      this.#copy(place, was.copies[index], is.copies[index], { metadata, before, after })
    }
    const copy = is.writer && is.copies[is.writer.segment - 1]
    if (is.writer !== undefined && copy !== undefined) {
      this.#committed(id, topic, is.writer.segment, was.writer?.committed ?? 0, is.writer.committed)
    } else if (was.writer !== undefined && nodeOf(before, id).up)
      this.#resolved(id, topic, was.writer, metadata, was.copies)
    for (const [index, cut] of is.copies.entries()) {
      this.#cut({ id, topic, segment: index + 1 }, was.copies[index], cut, metadata)
    }
    this.#heard(id, topic, before, after)
  }

  #opened(id: number, topic: number, { segment, epoch, cursor }: Writer, copies: readonly (Copy | undefined)[]): void {
    const { entryCount: count } = countsOf(copies[segment - 1]?.log ?? [])
    const cursors = { [SHARED_CURSOR]: cursor }
    const where = { topic: topicName(topic), segment, epoch }
    this.#record(id, { kind: 'segment-opened', ...where, entryCount: count, cursors })
  }

  #copy(place: Place, was: Copy | undefined, is: Copy | undefined, change: Change): void {
    if (is === undefined) return
    const where = this.#where(place)
    const length = was?.log.length ?? 0
    const added = is.log.slice(length)
    if (added.length > 0 && this.#isCopied(place, change)) {
      const source = this.#sourceOf(place, change, is.log.length)
      const { epoch } = this.#segment(place, change.after)
      this.#record(place.id, { kind: 'fetched', ...where, epoch, source, position: length, end: is.log.length })
      this.#record(place.id, { kind: 'copied', ...where, epoch, position: is.log.length })
      return
    }
    if (added.length > 0 && this.#segment(place, change.after).leader === place.id) this.#appended(place, length, added)
    else if (added.length > 0) {
      const position = this.#arrived(place, change)?.position ?? length
      this.#record(place.id, { kind: 'taken', ...where, position, end: position + added.length })
    }
    if (is.durable > (was?.durable ?? 0)) this.#record(place.id, { kind: 'stored', ...where, position: is.durable })
  }

  /** Of the stretches that overtake each other, the one that has arrived. */
  #arrived({ id }: Place, { before, after }: Change): Stretch | undefined {
    return before.stretches.find((stretch) => stretch.to === id && !after.stretches.includes(stretch))
  }

  #appended({ id, topic, segment }: Place, length: number, added: readonly LogRecord[]): void {
    for (const [at, record] of added.entries()) {
      const where = { ...this.#where({ id, topic, segment }), position: length + at }
      if (isEntry(record)) {
        const producer = { id: producerOf(record) + 1, sequence: sequenceOf(record) }
        this.#record(id, { kind: 'appended', ...where, entryCount: 1, producer })
      } else this.#record(id, { kind: 'appended', ...where, entryCount: 0, cursors: { [SHARED_CURSOR]: -record } })
    }
  }

  #committed(id: number, topic: number, segment: number, from: number, position: number): void {
    if (position > from) this.#record(id, { kind: 'committed', ...this.#where({ id, topic, segment }), position })
  }

  /** Metadata has ended the segment. */
  #resolved(
    id: number,
    topic: number,
    writer: Writer,
    metadata: ClusterMetadata,
    copies: readonly (Copy | undefined)[],
  ): void {
    const known = metadata.topics.get(topicName(topic))
    const segment = known && segmentById(known, writer.segment)
    if (segment?.state !== 'sealed') return
    const position = Math.min(endPosition(segment), copies[writer.segment - 1]?.log.length ?? 0)
    this.#committed(id, topic, writer.segment, writer.committed, position)
  }

  #cut(place: Place, was: Copy | undefined, is: Copy | undefined, metadata: ClusterMetadata): void {
    const known = metadata.topics.get(topicName(place.topic))
    const segment = known && segmentById(known, place.segment)
    if (segment?.state === 'sealed' && is !== undefined && is.log.length < (was?.log.length ?? 0)) {
      const { topic, segment: id } = this.#where(place)
      this.#record(place.id, { kind: 'truncated', topic, segment: id, position: is.log.length })
    }
  }

  #heard(id: number, topic: number, before: State, after: State): void {
    for (const [index, attempt] of itemAt(after.recoveries, topic).entries()) {
      const heard = itemAt(before.recoveries, topic)[index]?.reports[id - 1]
      const report = attempt.reports[id - 1]
      if (heard !== undefined || report === undefined) continue
      const copy = nodeOf(after, id).topics[topic]?.copies[attempt.segment - 1]
      this.#fenced({ id, topic, segment: attempt.segment }, copy, report, attempt.epoch)
    }
  }

  #fenced(place: Place, copy: Copy | undefined, report: number, epoch: number): void {
    const createdEpoch = copy === undefined ? 0 : this.#createdEpoch(place.topic, place.segment)
    const counts = countsOf(copy?.log.slice(0, report) ?? [])
    this.#record(place.id, { kind: 'fenced', ...this.#where(place), epoch, createdEpoch, ...counts })
  }

  #followCoordinators(topic: number, countBefore: number, after: State): void {
    const count = itemAt(after.recoveries, topic).length
    if (count > countBefore) itemAt(this.#told, topic).push(new Map())
  }

  #noteReports(after: State): void {
    for (const [topic, attempts] of after.recoveries.entries()) {
      for (const [index, { reports, segment }] of attempts.entries()) {
        const told = this.#told[topic]?.[index]
        for (const [at, position] of reports.entries()) {
          if (position === undefined || told === undefined || told.has(at + 1)) continue
          const copy = nodeOf(after, at + 1).topics[topic]?.copies[segment - 1]
          const createdEpoch = copy === undefined ? 0 : this.#createdEpoch(topic, segment)
          const counts = countsOf(copy?.log.slice(0, position) ?? [])
          told.set(at + 1, { node: at + 1, createdEpoch, ...counts })
        }
      }
    }
  }

  /** A coordinator has decided by the time that it has a replica copy, or proposes the end. */
  #askedToCopy(before: State, after: State): void {
    for (const [topic, attempts] of after.recoveries.entries()) {
      const earlier = itemAt(before.recoveries, topic)
      if (attempts.length !== earlier.length) continue
      for (const [index, attempt] of attempts.entries()) {
        const copied = attempt.reports.some((report, at) => {
          const told = earlier[index]?.reports[at]
          return told !== undefined && report !== undefined && report > told
        })
        if (copied) this.#decide(topic, index, before)
      }
    }
  }

  #decide(topic: number, index: number, state: State): void {
    const attempt = itemAt(itemAt(state.recoveries, topic), index)
    const reports = [...(this.#told[topic]?.[index]?.values() ?? [])]
    const segment = this.#segment({ topic, segment: attempt.segment }, state)
    const decision = this.#world.rules.decisions.decideRecovery(segment, reports)
    if (decision.kind === 'wait') return
    const { entryCount: entries, controlCount } = decision.source
    const where = { topic: topicName(topic), segment: attempt.segment, epoch: attempt.epoch }
    this.#record(this.#coordinator, {
      kind: 'recovery-decided',
      ...where,
      reports,
      entryCount: entries,
      controlCount,
    })
  }

  #proposed(before: State, after: State): void {
    for (const command of after.proposals) {
      if (before.proposals.includes(command) || command.kind !== 'SealAndRoll') continue
      const topic = after.clients.findIndex((_, at) => topicName(at) === command.topic)
      const leader = nodeIds(after).find((node) => nodeOf(after, node).topics[topic]?.writer?.seal === command)
      const { segment, epoch, entryCount: entries, controlCount, nextLeader } = command
      const counts = { entryCount: entries, controlCount, nextLeader }
      const where = { topic: command.topic, segment, epoch }
      if (leader !== undefined) {
        this.#record(leader, { kind: 'seal-proposed', ...where, by: 'leader', ...counts })
        continue
      }
      this.#decide(topic, removedIndex(before, after, topic), before)
      this.#record(this.#coordinator, { kind: 'seal-proposed', ...where, by: 'recovery', ...counts })
    }
  }

  #forgetCoordinators(before: State, after: State): void {
    for (const [topic, attempts] of before.recoveries.entries()) {
      if (itemAt(after.recoveries, topic).length < attempts.length) {
        itemAt(this.#told, topic).splice(removedIndex(before, after, topic), 1)
      }
    }
  }

  #delivered(before: State, after: State): void {
    for (const [topic, { delivered }] of after.clients.entries()) {
      for (const { offset } of delivered.slice(itemAt(before.clients, topic).delivered.length)) {
        const serves = (state: State, id: number) => nodeOf(state, id).topics[topic]?.writer?.serving?.offset === offset
        const node =
          nodeIds(after).find((id) => serves(before, id)) ??
          nodeIds(after).find((id) => takes(before, after, topic, id)) ??
          1
        this.#record(node, { kind: 'delivered', topic: topicName(topic), cursor: SHARED_CURSOR, offset, entryCount: 1 })
      }
    }
  }

  #where({ topic, segment }: Omit<Place, 'id'> & { readonly id?: number }): {
    topic: string
    segment: number
    epoch: number
  } {
    return { topic: topicName(topic), segment, epoch: this.#createdEpoch(topic, segment) }
  }

  #segment({ topic, segment }: Omit<Place, 'id'>, state: State): SegmentMetadata {
    const known = newest(state).topics.get(topicName(topic))
    const found = known && segmentById(known, segment)
    if (found === undefined) throw new Error(`There is no segment ${segment}`)
    return found
  }

  /** Segment 1 is created by the command of its topic, each other one by the seal before it. */
  #createdEpoch(topic: number, segment: number): number {
    const name = topicName(topic)
    let epoch = this.#commands.findIndex((one) => one.kind === 'CreateTopic' && one.topic === name) + 1
    for (const command of this.#commands) {
      if (command.kind === 'SealAndRoll' && command.topic === name && command.segment < segment)
        epoch = command.epoch + 1
    }
    return epoch
  }

  #isCopied(place: Place, { metadata, before, after }: Change): boolean {
    const known = metadata.topics.get(topicName(place.topic))
    if (known && segmentById(known, place.segment)?.state === 'sealed') return true
    return itemAt(after.recoveries, place.topic).some(({ reports }, index) => {
      const earlier = itemAt(before.recoveries, place.topic)[index]?.reports[place.id - 1]
      return earlier !== undefined && earlier !== reports[place.id - 1]
    })
  }

  #sourceOf({ id, topic, segment }: Place, { before }: Change, end: number): number {
    const has = (node: number) => (nodeOf(before, node).topics[topic]?.copies[segment - 1]?.durable ?? 0) >= end
    return nodeIds(before).find((node) => node !== id && has(node)) ?? id
  }
}

interface Place {
  readonly id: number
  readonly topic: number
  readonly segment: number
}

interface Change {
  /** As the node has it after the step. */
  readonly metadata: ClusterMetadata
  readonly before: State
  readonly after: State
}

function countsOf(log: readonly LogRecord[]): { entryCount: number; controlCount: number } {
  const entries = entryCount(log)
  return { entryCount: entries, controlCount: log.length - entries }
}

function removedIndex(before: State, after: State, topic: number): number {
  const left = itemAt(after.recoveries, topic)
  return itemAt(before.recoveries, topic).findIndex((attempt) => !left.includes(attempt))
}

/** The node that has just begun to serve somebody. */
function takes(before: State, after: State, topic: number, id: number): boolean {
  const [was, is] = [before, after].map((state) =>
    nodeOf(state, id).topics[topic]?.copies.reduce((sum, copy) => sum + (copy?.log.length ?? 0), 0),
  )
  return was !== is
}
