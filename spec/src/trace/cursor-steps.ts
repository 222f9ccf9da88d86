import { endPosition, type CursorEvent } from '@walrus/core'
import {
  cursorOf,
  newestTopic,
  segmentView,
  type Replay,
  type ReplayedCursor,
  type ReplayedNode,
  type ReplayedTopic,
} from './replay-state.js'
import { broken, waits, type Refusal } from './verdict.js'

/** The end of the model's `get`: an entry is delivered once, when its cursor is committed. */
export function cursorStep(replay: Replay, node: ReplayedNode, event: CursorEvent): Refusal | undefined {
  const topic = newestTopic(replay, event.topic)
  if (topic === undefined) return waits(`there is no topic "${event.topic}" yet`)
  const cursor = cursorOf(topic, event.cursor)
  if (event.kind === 'delivered') return delivered(replay, node, topic, cursor, event)
  cursor.moves.add(event.offset)
  return undefined
}

function delivered(
  replay: Replay,
  node: ReplayedNode,
  topic: ReplayedTopic,
  cursor: ReplayedCursor,
  { offset, entryCount }: Extract<CursorEvent, { readonly kind: 'delivered' }>,
): Refusal | undefined {
  const end = offset + entryCount
  const places = cursor.commits.get(end) ?? []
  if (!places.some((place) => isCommitted(replay, node, topic, place))) {
    return broken('cursorBeforeDelivery', `no control batch that is committed has the cursor at ${end}`)
  }
  const again = cursor.delivered.find((range) => range.offset < end && offset < range.end)
  if (again !== undefined) {
    return broken('DeliveredAtMostOnce', `entries from ${again.offset} to ${again.end} were delivered before`)
  }
  cursor.commits.delete(end)
  cursor.delivered = withRange(cursor.delivered, { offset, end })
  return undefined
}

/** By the node that delivers, or by metadata as that node has it. */
function isCommitted(
  replay: Replay,
  node: ReplayedNode,
  { segments }: ReplayedTopic,
  place: { readonly segment: number; readonly position: number },
): boolean {
  const segment = segments.get(place.segment)
  if (segment?.leader !== node.id) return false
  const view = segmentView(replay, node, segment)
  if (view?.state === 'sealed') return place.position < endPosition(view)
  return segment.writer?.life === node.life && place.position < segment.writer.committed
}

type Ranges = ReplayedCursor['delivered']

/** Ranges that touch become one, so that there are few. */
function withRange(ranges: Ranges, { offset, end }: Ranges[number]): Ranges {
  const before = ranges.filter((range) => range.end < offset)
  const after = ranges.filter((range) => range.offset > end)
  const touching = ranges.filter((range) => range.end >= offset && range.offset <= end)
  const merged = {
    offset: Math.min(offset, ...touching.map((range) => range.offset)),
    end: Math.max(end, ...touching.map((range) => range.end)),
  }
  return [...before, merged, ...after]
}
