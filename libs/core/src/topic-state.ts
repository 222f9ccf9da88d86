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
