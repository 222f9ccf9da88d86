import { topicNameFault, WalrusError, type TopicState } from '@walrus/core'

/** Names that no cursor of a user can have: facts of the topic that are kept the way a cursor is. */

/** Offset of the oldest entry that may be read. */
export const START_MARK = '#start'
/** 1: the user marked the topic clean, and nothing was appended since; 0: dirty. */
export const CLEAN_MARK = '#clean'

/** True for a name that is none of a user's cursors. */
export function isReservedCursor(name: string): boolean {
  return name.startsWith('#')
}

/** Positions of the user's cursors. */
export function userCursorOffsets(state: TopicState): number[] {
  return [...state.cursors].filter(([name]) => !isReservedCursor(name)).map(([, offset]) => offset)
}

/** Throws `INVALID_ARGUMENT` for a name that a cursor cannot have: the same characters as a topic's. */
export function checkCursorName(name: string): void {
  const fault = topicNameFault(name)
  if (fault !== undefined) throw new WalrusError('INVALID_ARGUMENT', `Cannot use cursor name "${name}": ${fault}`)
}
