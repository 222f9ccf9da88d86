import { counted, isEntry, describeOperation, producerOf, sequenceOf, type LogRecord } from '../model/records.js'
import type { State } from '../model/state.js'
import { itemAt, nodeIds, partOf, topicName } from '../model/update.js'
import type { Invariant } from './invariant.js'
import { storedSegments } from './true-log.js'

/** A committed cursor never goes back, and never beyond the entries before it. */
export const readCursorBounds: Invariant = (_, state) => {
  for (const topic of state.clients.keys()) {
    let entries = 0
    let cursor = 0
    for (const record of wholeLog(state, topic)) {
      if (isEntry(record)) entries += 1
      else if (-record > entries)
        return `the cursor of ${topicName(topic)} is at ${-record}, with ${counted(entries, 'entry')} before it`
      else if (-record < cursor) return `the cursor of ${topicName(topic)} went back from ${cursor} to ${-record}`
      else cursor = -record
    }
    for (const node of nodeIds(state)) {
      const at = partOf(state, { node, topic }).writer?.cursor ?? 0
      if (at > entries) return `node ${node} has the cursor of ${topicName(topic)} at ${at} of ${entries} entries`
    }
  }
  return undefined
}

/** A producer's entries are in the log in the order of their sequences, each once. */
export const sequentialWriteOrder: Invariant = (_, state) => {
  for (const topic of state.clients.keys()) {
    const last = new Map<number, number>()
    for (const record of wholeLog(state, topic)) {
      if (!isEntry(record)) continue
      const expected = (last.get(producerOf(record)) ?? -1) + 1
      if (sequenceOf(record) !== expected) {
        return `${describeOperation(record)} is in the log of ${topicName(topic)} where sequence ${expected} of its producer is due`
      }
      last.set(producerOf(record), expected)
    }
  }
  return undefined
}

/** Strictly at once: no entry is delivered twice, and each is the one at its offset. */
export const deliveredAtMostOnce: Invariant = (_, state) => {
  for (const [topic, { delivered }] of state.clients.entries()) {
    if (delivered.length === 0) continue
    const entries = wholeLog(state, topic).filter(isEntry)
    const seen = new Set<number>()
    for (const { operation, offset } of delivered) {
      if (seen.has(offset)) return `the entry at offset ${offset} was delivered twice`
      seen.add(offset)
      if (entries[offset] === operation) continue
      return `${describeOperation(operation)} was delivered as offset ${offset}, where the log has ${entries[offset]}`
    }
  }
  return undefined
}

function wholeLog(state: State, topic: number): readonly LogRecord[] {
  const segments = storedSegments(state, topic)
  return segments.length === 1 ? itemAt(segments, 0).log : segments.flatMap(({ log }) => log)
}
