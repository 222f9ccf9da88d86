import type { ReadConsistency } from '@walrus/wal'
import type { AppendCall } from '../model/append-call.js'
import type { CursorCommit } from '../model/committed-cursor.js'
import { compareFound, type FoundTopic } from '../model/compare-found.js'
import type { CursorRead } from '../model/delivery-cursor.js'
import { TopicModel, type Observation } from '../model/topic-model.js'
import { expectPromise, Violation } from '../model/violation.js'
import { markedEntry } from './marked-entry.js'
import type { FoundLine, Report, SeenEntry } from './report.js'

const CONSISTENCY: ReadConsistency = { kind: 'StrictlyAtOnce' }

/** A call that was begun. */
type Call =
  | { readonly kind: 'append'; readonly topic: TopicModel; readonly call: AppendCall }
  | { readonly kind: 'commit'; readonly topic: TopicModel; readonly commit: CursorCommit }
  | { readonly kind: 'read'; readonly topic: TopicModel; readonly read: CursorRead }
  | { readonly kind: 'truncate' | 'delete'; readonly topic: TopicModel }

/** Follows what victims say, life after life, and throws a `Violation` when one finds something else than was promised. */
export class Judge {
  readonly #topics = new Map<string, TopicModel>()
  readonly #calls = new Map<number, Call>()
  readonly #found = new Map<string, FoundLine>()
  #ackedCount = 0
  #lifeCount = 0

  /** Calls whose success was told, in all lives. */
  get ackedCount(): number {
    return this.#ackedCount
  }

  /** Lives that found all topics as they must be. */
  get lifeCount(): number {
    return this.#lifeCount
  }

  /** The victim is dead: of what it began and never told, anything may have happened. */
  died(): void {
    this.#compare()
    this.#calls.clear()
  }

  hear(report: Report): void {
    if ('call' in report) return 'topic' in report ? this.#begins(report) : this.#ends(report)
    switch (report.is) {
      case 'starting':
        return this.#found.clear()
      case 'found':
        return void this.#found.set(report.topic, report)
      case 'opened':
        return this.#compareFound()
      case 'rest':
      case 'closed':
        return this.#compare()
      case 'broken':
        throw new Violation(`a call failed, or a problem was reported: ${report.why}`)
    }
  }

  #begins(report: Extract<Report, { call: number; topic: string }>): void {
    const topic = this.#topic(report.topic)
    this.#calls.set(report.call, begin(topic, report))
  }

  #ends(report: Exclude<Extract<Report, { call: number }>, { topic: string }>): void {
    const call = this.#calls.get(report.call)
    if (!call) throw new Violation(`call ${report.call} has an end, and no beginning`)
    this.#calls.delete(report.call)
    this.#ackedCount += 1
    if (report.is === 'delivered') {
      if (call.kind === 'read') call.topic.delivered(call.read, report.entries.map(observationOf))
      return
    }
    this.#acknowledge(call, report.offset)
  }

  #acknowledge(call: Call, offset: number): void {
    switch (call.kind) {
      case 'append':
        return call.topic.acked(call.call, offset)
      case 'commit':
        return void (call.commit.state = 'acked')
      case 'truncate':
        return call.topic.trimmed(offset)
      case 'delete':
        return void this.#topics.delete(call.topic.name)
      case 'read':
        throw new Violation('a read does not end with an offset')
    }
  }

  /** What was told has outlived the process, under any schedule. */
  #compare(): void {
    for (const topic of this.#topics.values()) {
      topic.compare()
      topic.noteDurable(topic.mark())
    }
  }

  #compareFound(): void {
    for (const name of this.#found.keys())
      expectPromise(this.#topics.has(name), () => `topic ${name} came back, it was deleted or never made`)
    for (const [name, model] of [...this.#topics]) {
      const line = this.#found.get(name)
      const found = line ? foundTopic(line) : NOTHING_FOUND
      const isListed = line !== undefined
      this.#topics.set(name, compareFound(model, found, { isListed, consistency: CONSISTENCY }))
    }
    this.#lifeCount += 1
  }

  #topic(name: string): TopicModel {
    const known = this.#topics.get(name) ?? new TopicModel(name, CONSISTENCY)
    this.#topics.set(name, known)
    return known
  }
}

function begin(topic: TopicModel, report: Extract<Report, { call: number; topic: string }>): Call {
  switch (report.is) {
    case 'begins append': {
      const entries = report.sizes.map((sizeBytes, nth) => markedEntry({ call: report.call, nth, sizeBytes }))
      return { kind: 'append', topic, call: topic.beginAppend(entries) }
    }
    case 'begins commit':
      return { kind: 'commit', topic, commit: topic.cursor('audit').begin(report.offset) }
    case 'begins read':
      return { kind: 'read', topic, read: topic.beginRead(report.entriesMax) }
    case 'begins truncate':
    case 'begins delete':
      topic.beginShrinking()
      return { kind: report.is === 'begins truncate' ? 'truncate' : 'delete', topic }
  }
}

function foundTopic({ startOffset, endOffset, entries, cursors, position, nextOffset }: FoundLine): FoundTopic {
  const delivery = { position, nextOffset: nextOffset ?? undefined }
  const observations = entries.map(observationOf)
  return { startOffset, endOffset, entries: observations, cursors: (name) => cursors[name], delivery }
}

const NOTHING_FOUND: FoundTopic = {
  startOffset: 0,
  endOffset: 0,
  entries: [],
  cursors: () => undefined,
  delivery: { position: 0, nextOffset: undefined },
}

function observationOf({ offset, ...mark }: SeenEntry): Observation {
  return { offset, data: markedEntry(mark) }
}
