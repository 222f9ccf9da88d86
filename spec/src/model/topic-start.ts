import { isEntry, producerOf, sequenceOf, type LogRecord } from './records.js'
import type { TopicStart } from './state.js'
import { replaced } from './update.js'

/** The topic's state behind those records, which begin at `start`. */
export function stateAfter(start: TopicStart, log: readonly LogRecord[]): TopicStart {
  let { cursor, sequences } = start
  for (const record of log) {
    if (isEntry(record)) sequences = replaced(sequences, producerOf(record), sequenceOf(record))
    else cursor = -record
  }
  return { cursor, sequences }
}

export function emptyStart(producers: number): TopicStart {
  return { cursor: 0, sequences: Array.from({ length: producers }, () => -1) }
}
