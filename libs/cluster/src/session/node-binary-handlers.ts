import {
  firstSegment,
  WalrusError,
  type CommitTicket,
  type ReadLimits,
  type StoredEntry,
  type TopicMetadata,
} from '@walrus/core'
import { type CursorMove, type EntriesReply, type FetchRequest, type NextRequest } from '@walrus/protocol'
import type { BinaryHandlers } from './binary-handlers.js'
import { nodeAdminHandlers } from './node-admin-handlers.js'
import { highWatermarkOf, metadataOf, type NodeParts } from './node-parts.js'

/** What each binary command means for a node. */
export function nodeBinaryHandlers(parts: NodeParts): BinaryHandlers {
  const { topics } = parts
  return {
    append: ({ topic, producer, entries }): CommitTicket => topics.get(topic).appendBatch(entries, producer),
    fetch: (request) => fetch(parts, request),
    next: (request) => next(parts, request),
    moveCursor: async ({ topic, cursor, move, offset }) => {
      const target = targetOf(metadataOf(parts, topic), move, offset)
      return { offset: await topics.get(topic).cursor(cursor).move(target) }
    },
    onReadable: (topic, offset, listener) => onReadable(parts, topic, offset, listener),
    admin: nodeAdminHandlers(parts),
  }
}

async function fetch(parts: NodeParts, { topic, offset, ...bounds }: FetchRequest): Promise<EntriesReply> {
  const found = bounds.maxEntries === 0 ? [] : await parts.topics.reader.read(topic, offset, limitsOf(bounds))
  return replyOf(parts, topic, { entries: found, goOn: offset })
}

async function next(parts: NodeParts, { topic, cursor: name, ...bounds }: NextRequest): Promise<EntriesReply> {
  const cursor = parts.topics.get(topic).cursor(name)
  const taken = bounds.maxEntries === 0 ? [] : await cursor.take(bounds.maxEntries, bounds.maxBytes)
  return replyOf(parts, topic, { entries: taken, goOn: taken.length > 0 ? 0 : await cursor.position() })
}

function replyOf(
  parts: NodeParts,
  topic: string,
  { entries, goOn }: { readonly entries: readonly StoredEntry[]; readonly goOn: number },
): EntriesReply {
  const metadata = metadataOf(parts, topic)
  const firstOffset = entries[0]?.offset ?? Math.max(goOn, firstSegment(metadata).baseOffset)
  const highWatermark = Math.max(highWatermarkOf(parts, metadata), firstOffset + entries.length)
  return {
    firstOffset,
    highWatermark: entries.length === 0 ? highWatermarkOf(parts, metadata) : highWatermark,
    entries,
  }
}

function limitsOf({ maxEntries, maxBytes }: ReadLimits): ReadLimits {
  return { maxEntries, maxBytes }
}

/** Where the cursor goes. It may point at what retention has dropped: reading passes that over. */
function targetOf(topic: TopicMetadata, move: CursorMove, wanted: number): (offset: number, end: number) => number {
  return (offset, end) => {
    const target = move === 'seek' ? wanted : Math.max(offset, wanted)
    if (target <= end) return target
    throw new WalrusError(
      'INVALID_ARGUMENT',
      `Cannot move a cursor of "${topic.name}" to offset "${wanted}": the topic ends at ${end}`,
    )
  }
}

/** A topic that is gone is worth a look: the answer says so. */
function onReadable({ context, topics }: NodeParts, topic: string, offset: number, listener: () => void): () => void {
  try {
    return topics.get(topic).onReadable(offset, listener)
  } catch {
    const timer = context.clock.after(0, listener)
    return () => timer.cancel()
  }
}
