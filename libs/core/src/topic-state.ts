/** The small state of a topic that lives in its log: every cursor, and every producer's last sequence. */
export interface TopicState {
  /** Cursor name → topic offset of the next entry to deliver. */
  readonly cursors: ReadonlyMap<string, number>
  /** Producer id → the last sequence number that was appended. */
  readonly producers: ReadonlyMap<number, number>
}

/** The cursor that `GET` uses. */
export const SHARED_CURSOR = 'shared'

/** The state of a topic that nobody has read or written. */
export const EMPTY_TOPIC_STATE: TopicState = { cursors: new Map(), producers: new Map() }

/** How many producers a topic remembers: those that appended last. */
export const PRODUCERS_MAX = 1024

/**
 * Notes in `producers`, which are in the order in which they last appended, that the producer has appended; the one that has not
 * for longest is forgotten where there are too many. So copies of a log agree on who is forgotten, whatever they write besides.
 */
export function recordProducer(producers: Map<number, number>, id: number, lastSequence: number): void {
  producers.delete(id)
  producers.set(id, lastSequence)
  if (producers.size <= PRODUCERS_MAX) return
  for (const oldest of producers.keys()) {
    producers.delete(oldest)
    return
  }
}
