import type { EventTrace } from '@walrus/core'
import type { OpenSegment } from '../open-segment.js'

/** This node begins to write the segment; nothing has been appended to it in this life. */
export function traceLead(trace: EventTrace | undefined, open: OpenSegment): void {
  if (trace === undefined) return
  const { topic, segment, epoch, appendedCount: entryCount, topicState } = open
  const cursors = Object.fromEntries(topicState.cursors)
  trace.record({ kind: 'segment-opened', topic, segment, epoch, entryCount, cursors })
}
