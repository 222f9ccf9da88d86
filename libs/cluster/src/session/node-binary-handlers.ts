import {
  firstSegment,
  WalrusError,
  type CommitTicket,
  type ReadLimits,
  type StoredEntry,
  type TopicMetadata,
} from '@walrus/core'
import type {
  BinaryReplyOf,
  BinaryRequestOf,
  CursorMove,
  EntriesReply,
  FetchRequest,
  NextRequest,
} from '@walrus/protocol'
import { AtLeader, type LeaderCommand } from './at-leader.js'
import type { BinaryHandlers } from './binary-handlers.js'
import { nodeAdminHandlers } from './node-admin-handlers.js'
import { highWatermarkOf, metadataOf, type NodeParts } from './node-parts.js'

/** What each binary command means for a node. */
export function nodeBinaryHandlers(parts: NodeParts): BinaryHandlers {
  const { topics } = parts
  const leader = new AtLeader(parts, (request) => carryOut(parts, request) as never)
  return {
    append: ({ topic, producer, entries }): CommitTicket => topics.get(topic).appendBatch(entries, producer),
    fetch: (request) => (request.maxEntries === 0 ? leader.do<'fetch'>(request) : fetch(parts, request)),
    next: (request) => next(parts, leader, request),
    moveCursor: (request) => leader.do<'moveCursor'>(request),
    onReadable: (topic, offset, listener) => onReadable(parts, topic, offset, listener),
    admin: nodeAdminHandlers(parts),
  }
}

/** On the node that leads the topic's open segment; else it rejects with `NOT_LEADER`, and has done nothing. */
async function carryOut(
  parts: NodeParts,
  request: BinaryRequestOf<LeaderCommand>,
): Promise<BinaryReplyOf<LeaderCommand>> {
  const runtime = parts.topics.get(request.topic)
  switch (request.command) {
    case 'fetch':
      runtime.assertHere()
      return fetch(parts, request)
    case 'next':
      return position(parts, request)
    case 'moveCursor': {
      const target = targetOf(metadataOf(parts, request.topic), request.move, request.offset)
      return { offset: await runtime.takes.cursor(request.cursor).move(target) }
    }
  }
}

async function fetch(parts: NodeParts, { topic, offset, ...bounds }: FetchRequest): Promise<EntriesReply> {
  const found = bounds.maxEntries === 0 ? [] : await parts.topics.reader.read(topic, offset, limitsOf(bounds))
  return replyOf(parts, topic, { entries: found, goOn: offset })
}

/** Taking names its question, so it is repeated by itself; where the cursor is at the end, its leader says. */
async function next(parts: NodeParts, leader: AtLeader, request: NextRequest): Promise<EntriesReply> {
  const { topic, cursor, maxEntries: countMax, maxBytes: bytesMax } = request
  const entries = countMax === 0 ? [] : await parts.topics.get(topic).takes.take({ cursor, countMax, bytesMax })
  if (entries.length > 0) return replyOf(parts, topic, { entries, goOn: 0 })
  return await leader.do<'next'>({ ...request, command: 'next', maxEntries: 0 })
}

async function position(parts: NodeParts, { topic, cursor }: NextRequest): Promise<EntriesReply> {
  const goOn = await parts.topics.get(topic).takes.cursor(cursor).position()
  return replyOf(parts, topic, { entries: [], goOn })
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
