import type { SegmentKey } from './ports/log-storage.js'
import { topicNameFault } from './topic-name.js'

/** `t_<topic>_s_<segment>`: the name of a segment in storage and in error messages (its "wal key"). */
export function formatSegmentKey(key: SegmentKey): string {
  return `${PREFIX}${key.topic}${SEPARATOR}${key.segment}`
}

/**
 * The key that `formatSegmentKey` wrote, or undefined when no valid key reads like that. A topic's name may itself contain
 * `_s_`: the last one separates.
 */
export function parseSegmentKey(text: string): SegmentKey | undefined {
  const separator = text.lastIndexOf(SEPARATOR)
  if (!text.startsWith(PREFIX) || separator < PREFIX.length) return undefined
  const topic = text.slice(PREFIX.length, separator)
  const segment = parseSegmentId(text.slice(separator + SEPARATOR.length))
  if (segment === undefined || topicNameFault(topic) !== undefined) return undefined
  return { topic, segment }
}

const PREFIX = 't_'
const SEPARATOR = '_s_'

/** One segment has one key, so `01` and `1e3` are none. */
function parseSegmentId(digits: string): number | undefined {
  const id = Number(digits)
  return /^[1-9][0-9]*$/.test(digits) && Number.isSafeInteger(id) ? id : undefined
}
