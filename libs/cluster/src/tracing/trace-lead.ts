import { isTakeMark, type EventTrace } from '@walrus/core'
import type { OpenSegment } from '../open-segment.js'

/** This node begins to write the segment; nothing has been appended to it in this life. */
export function traceLead(trace: EventTrace | undefined, open: OpenSegment): void {
  if (trace === undefined) return
  const { topic, segment, epoch, appendedCount: entryCount, topicState } = open
  const cursors = cursorsOnly(topicState.cursors)
  trace.record({ kind: 'segment-opened', topic, segment, epoch, entryCount, cursors })
}

/** Without what else stands beside the cursors in the topic's state: which questions were answered, and with what. */
export function cursorsOnly(records: Iterable<readonly [name: string, offset: number]>): Record<string, number> {
  return Object.fromEntries([...records].filter(([name]) => !isTakeMark(name)))
}
