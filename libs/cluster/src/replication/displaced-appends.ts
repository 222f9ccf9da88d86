import type { SegmentLog, StoredEntry, WalrusError } from '@walrus/core'
import { HeldAppend } from '../held-append.js'
import type { QuorumTicket } from './quorum-ticket.js'
import type { Place } from './uncommitted-line.js'

/** Its entries are in this node's log, behind the end of the segment, and nobody else sees to it that they are stored. */
export function isMovable(ticket: QuorumTicket, endOffset: number): boolean {
  const isOurs = ticket.state === 'pending' && ticket.hasEntries && ticket.applyToState === undefined
  return isOurs && ticket.lastOffset >= endOffset && ticket.local.state !== 'failed'
}

/**
 * The entries of tickets whose segment has ended before them, to be appended elsewhere, as read from this node's log: called at
 * once when the end is known, it reads before the tail is given up. The tickets follow what becomes of them, or fail with
 * `behind` when they cannot be read. Never rejects.
 */
export async function displacedAppends(
  log: SegmentLog,
  places: readonly Place[],
  behind: WalrusError,
): Promise<readonly HeldAppend[]> {
  const [first = 0, end = 0] = [places[0]?.ticket.firstOffset, (places.at(-1)?.ticket.lastOffset ?? -1) + 1]
  if (places.some(({ ticket }) => ticket.local.state === 'pending')) await log.drain()
  const entries = await readAll(log, first - log.baseOffset, end - first).catch(() => [])
  return places.flatMap(({ ticket, deadlineMs }) => {
    const own = entries.slice(ticket.firstOffset - first, ticket.lastOffset + 1 - first)
    const isWhole = own[0]?.offset === ticket.firstOffset && own.at(-1)?.offset === ticket.lastOffset
    if (!isWhole) ticket.settle(behind)
    if (!isWhole || ticket.state !== 'pending') return []
    const held = new HeldAppend(
      own.map(({ data }) => data),
      deadlineMs,
    )
    ticket.follow(held)
    return [held]
  })
}

async function readAll(log: SegmentLog, fromIndex: number, count: number): Promise<readonly StoredEntry[]> {
  const found: StoredEntry[] = []
  while (found.length < count) {
    const next = await log.read(fromIndex + found.length, { maxEntries: count - found.length, maxBytes: Infinity })
    if (next.length === 0) break
    found.push(...next)
  }
  return found
}
