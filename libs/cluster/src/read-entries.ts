import { nextRead, WalrusError, type StoredEntry } from '@walrus/core'
import { unknownTopicMessage } from '@walrus/protocol'
import type { NodeContext } from './node-context.js'
import { checkSegment, damagedSegment } from './segment-check.js'

/**
 * Committed entries of a topic from `offset` on, all of one segment; the first one is the next that exists. Empty at the
 * end. A segment that is not what metadata says it is throws `CORRUPT_DATA`: what it lost is never skipped.
 */
export async function readEntries(
  { metadata, storage, limits }: NodeContext,
  topicName: string,
  offset: number,
): Promise<readonly StoredEntry[]> {
  const topic = metadata.state.topics.get(topicName)
  if (topic === undefined) throw new WalrusError('UNKNOWN_TOPIC', unknownTopicMessage(topicName))
  const { segment, index } = nextRead(topic, offset)
  const log = storage.segment({ topic: topicName, segment: segment.id })
  const verdict = checkSegment(segment, log)
  if (verdict.kind === 'damaged') throw damagedSegment(topicName, segment.id, verdict.reason)
  if (log === undefined) return []
  const { readAheadEntriesMax: maxEntries, readAheadBytesMax: maxBytes } = limits
  const entries = await log.read(index, { maxEntries, maxBytes })
  if (entries.length === 0 && segment.state === 'sealed') {
    throw damagedSegment(topicName, segment.id, `it has no entry ${index} of ${segment.entryCount}`)
  }
  return entries
}
