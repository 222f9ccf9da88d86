import { randomBelow } from '@walrus/testing'
import { between, oneOf } from '../plan/random-choice.js'
import type { Stage } from './stage.js'

/** One thing that a caller can do. */
export interface Operation {
  readonly name: string
  /** How often it is chosen, beside the others. */
  readonly weight: number
  /** Begins it; what cannot be done now, or on this surface, does nothing. */
  readonly begin: (stage: Stage, topic: string) => void
}

/** All that a run does, by chance. A new operation of the engine is a new row, and its effect on the model. */
export const operations: readonly Operation[] = [
  { name: 'append', weight: 30, begin: append },
  { name: 'append batch', weight: 15, begin: appendBatch },
  { name: 'append durably', weight: 3, begin: appendDurably },
  { name: 'read', weight: 10, begin: read },
  { name: 'sync', weight: 2, begin: sync },
  { name: 'read next', weight: 20, begin: readNext },
  { name: 'peek', weight: 4, begin: peek },
  { name: 'commit cursor', weight: 10, begin: commitCursor },
  { name: 'roll', weight: 4, begin: roll },
  { name: 'trim', weight: 4, begin: trim },
  { name: 'remove', weight: 1, begin: remove },
]

function append(stage: Stage, name: string): void {
  if (usable(stage, name)) appendOne(stage, name)
}

/** Appends one entry; its bytes change as soon as the call has returned. */
export function appendOne(stage: Stage, name: string): void {
  const topic = stage.topic(name)
  const entry = stage.world.payloads.next()
  const call = topic.beginAppend([entry])
  const borrowed = entry.slice()
  stage.follow(stage.subject.append(name, borrowed), {
    what: () => `append #${call.id} to ${name}, ${entry.length} bytes`,
    ok: (offset) => topic.acked(call, offset),
    failed: () => (call.state = 'failed'),
  })
  borrowed.fill(0xee)
}

/** Where no sync can fail: if one did, nobody could tell whether the entry was committed before. */
function appendDurably(stage: Stage, name: string): void {
  const { appendDurably: append } = stage.subject
  if (!append || !usable(stage, name) || stage.world.calls.faultsPossible) return
  const topic = stage.topic(name)
  if (!topic.isIdle) return
  topic.ahead = true
  const call = topic.beginAppend([stage.world.payloads.next()])
  const [entry = new Uint8Array()] = call.entries
  stage.follow(append(name, entry), {
    what: () => `append #${call.id} to ${name} durably, ${entry.length} bytes`,
    ok: (offset) => {
      topic.ahead = false
      topic.ackedDurably(call, offset)
    },
    failed: () => {
      topic.ahead = false
      call.state = 'failed'
    },
  })
}

function appendBatch(stage: Stage, name: string): void {
  if (!usable(stage, name)) return
  const { random, payloads } = stage.world
  const entries = Array.from({ length: between(random, 1, oneOf(random, [2, 4, 12])) }, () => payloads.next())
  const topic = stage.topic(name)
  const call = topic.beginAppend(entries)
  stage.follow(stage.subject.appendBatch(name, entries), {
    what: () => `append #${call.id} to ${name}, a batch of ${entries.map(({ length }) => length).join(', ')} bytes`,
    ok: (offset) => topic.acked(call, offset),
    failed: () => (call.state = 'failed'),
  })
}

function read(stage: Stage, name: string): void {
  if (!usable(stage, name)) return
  const { random } = stage.world
  const topic = stage.topic(name)
  const offset = topic.startOffset + randomBelow(random, topic.endOffset - topic.startOffset + 2)
  const limits = { maxEntries: between(random, 1, 20), maxBytes: oneOf(random, [1, 500, 100_000]) }
  const mustFind = offset < topic.endOffset
  stage.follow(stage.subject.read(name, offset, limits), {
    what: () => `read ${name} from ${offset}, ${limits.maxEntries} entries, ${limits.maxBytes} bytes`,
    ok: (entries) => {
      topic.observe(entries)
      topic.expectRange(entries, { offset, mustFind, maxEntries: limits.maxEntries })
    },
    failed: () => undefined,
  })
}

function sync(stage: Stage): void {
  const marks = [...stage.world.topics.values()].map((topic) => ({ topic, mark: topic.mark() }))
  stage.follow(stage.subject.sync(), {
    what: () => 'sync',
    ok: () => marks.forEach(({ topic, mark }) => topic.noteDurable(mark)),
    failed: () => undefined,
  })
}

function readNext(stage: Stage, name: string): void {
  const { delivery } = stage.subject
  if (!delivery || !usable(stage, name)) return
  const { random } = stage.world
  const topic = stage.topic(name)
  const maxEntries = random() < 0.6 ? 1 : between(random, 2, 8)
  const read = topic.beginRead(maxEntries)
  stage.follow(delivery.next(name, { maxEntries, maxBytes: oneOf(random, [1, 1000, 100_000]) }, true), {
    what: () => `read next of ${name}, ${maxEntries} entries`,
    ok: (entries) => topic.delivered(read, entries),
    failed: () => topic.delivery.failed(read),
  })
}

function peek(stage: Stage, name: string): void {
  const { delivery } = stage.subject
  if (!delivery || !usable(stage, name)) return
  const topic = stage.topic(name)
  const from = topic.delivery.deliveredEnd
  stage.follow(delivery.next(name, { maxEntries: 1, maxBytes: 1 }, false), {
    what: () => `peek at ${name}`,
    ok: (entries) => {
      topic.observe(entries)
      topic.expectRange(entries, { offset: Math.max(from, entries[0]?.offset ?? from), mustFind: false, maxEntries: 1 })
    },
    failed: () => undefined,
  })
}

function commitCursor(stage: Stage, name: string): void {
  const { cursors } = stage.subject
  if (!cursors || !usable(stage, name)) return
  const { random } = stage.world
  const topic = stage.topic(name)
  if (topic.shrinking) return
  const cursorName = oneOf(random, ['audit', 'manual'])
  const commit = topic.cursor(cursorName).begin(between(random, topic.startOffset, topic.endOffset))
  stage.follow(cursors.commit(name, cursorName, commit.offset), {
    what: () => `commit cursor "${cursorName}" of ${name} at ${commit.offset}`,
    ok: () => (commit.state = 'acked'),
    failed: () => (commit.state = 'failed'),
  })
}

function roll(stage: Stage, name: string): void {
  const topic = stage.world.topics.get(name)
  if (!stage.subject.roll || !topic || topic.rolling || !usable(stage, name)) return
  const mark = topic.mark()
  topic.rolling = true
  stage.follow(stage.subject.roll(name), {
    what: () => `roll ${name}`,
    ok: () => {
      topic.rolling = false
      topic.noteDurable(mark)
    },
    failed: () => (topic.rolling = false),
  })
}

/** Leaves an entry: where a topic without entries begins, nobody can see. */
function trim(stage: Stage, name: string): void {
  const topic = stage.world.topics.get(name)
  if (!stage.subject.removal || !topic || topic.shrinking || !usable(stage, name) || isMisdirecting(stage)) return
  if (topic.endOffset - topic.startOffset < 2) return
  const beforeOffset = between(stage.world.random, topic.startOffset + 1, topic.endOffset - 1)
  topic.beginShrinking()
  stage.follow(stage.subject.removal.trim(name, beforeOffset), {
    what: () => `trim ${name} before ${beforeOffset}`,
    ok: (startOffset) => topic.trimmed(startOffset),
    failed: () => undefined,
  })
}

/** A topic that nobody uses: what becomes of calls to one that is being removed is not promised. */
function remove(stage: Stage, name: string): void {
  const topic = stage.world.topics.get(name)
  const { removal } = stage.subject
  if (!removal || !topic?.isIdle || topic.shrinking || !usable(stage, name) || isMisdirecting(stage)) return
  topic.beginLeaving()
  stage.follow(removal.remove(name), {
    what: () => `remove ${name}`,
    ok: () => stage.world.topics.delete(name),
    failed: () => undefined,
  })
}

/**
 * With a slot that cannot be read, a segment that is half removed looks like a damaged one, and is reported as such: that
 * is as it should be, and no promise to compare with.
 */
function isMisdirecting({ world }: Stage): boolean {
  return world.plan.disk.strayChance > 0
}

function usable(stage: Stage, name: string): boolean {
  if (stage.world.topics.get(name)?.ahead) return false
  return stage.subject.removal?.usable(name) ?? true
}
