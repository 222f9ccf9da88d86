import { assert, WalrusError, type CommitTicket } from '@walrus/core'
import type { AppendAnswer } from '@walrus/protocol'
import type { OpenSegment } from '../open-segment.js'
import type { TopicGate } from './topic-gate.js'

/** Entries that a producer numbers one by one; the first has `sequence`. At least one. */
export interface NumberedEntries {
  readonly producerId: number
  readonly sequence: number
  readonly entries: readonly Uint8Array[]
}

/** What a producer appended last. */
interface Recent {
  readonly segment: number
  readonly sequence: number
  readonly lastSequence: number
  readonly firstOffset: number
  readonly ticket: CommitTicket
}

/** What became of one look at the open segment. */
type Step =
  | { readonly kind: 'stored'; readonly answer: AppendAnswer }
  | { readonly kind: 'appended'; readonly recent: Recent }
  /** What the producer appended before is not settled, and may be the same: look again after it. */
  | { readonly kind: 'wait'; readonly ticket: CommitTicket }
  | { readonly kind: 'full' }

/**
 * Appends what other nodes forward to the topic's open segment, once, however often it comes: an entry whose number is not
 * above every one that the topic has of its producer is stored already. The committed numbers are in the topic's state.
 */
export class AppendIntake {
  readonly #gate: TopicGate
  readonly #recent = new Map<number, Recent>()

  constructor(gate: TopicGate) {
    this.#gate = gate
  }

  /**
   * Resolves when the first entries are stored, as many as the segment had room for. Rejects with `NOT_LEADER` when none was
   * appended and none will be here, or with why they could not be appended.
   */
  async append(numbered: NumberedEntries): Promise<AppendAnswer> {
    for (;;) {
      const step = await this.#gate.whenOpen((segment) => this.#step(segment, numbered))
      if (step.kind === 'stored') return step.answer
      if (step.kind === 'appended') return await committed(step.recent)
      if (step.kind === 'wait') await settled(step.ticket)
    }
  }

  #step(segment: OpenSegment, { producerId, sequence, entries }: NumberedEntries): Step {
    const recent = this.#recent.get(producerId)
    if (recent?.ticket.state === 'pending' && sequence <= recent.lastSequence) {
      return { kind: 'wait', ticket: recent.ticket }
    }
    const stored = Math.max(segment.topicState.producers.get(producerId) ?? -1, storedBy(recent))
    if (sequence <= stored) {
      return { kind: 'stored', answer: storedAnswer(sequence, Math.min(entries.length, stored - sequence + 1), recent) }
    }
    if (recent !== undefined && mayBeStored(recent, segment) && sequence <= recent.lastSequence) {
      throw recent.ticket.error as Error
    }
    const room = this.#gate.roomIn(segment)
    if (room === 0) this.#gate.checkRoom(segment)
    if (room === 0) return { kind: 'full' }
    return {
      kind: 'appended',
      recent: this.#append(segment, { producerId, sequence, entries: entries.slice(0, room) }),
    }
  }

  #append(segment: OpenSegment, { producerId, sequence, entries }: NumberedEntries): Recent {
    const ticket = segment.appendBatch(entries, { id: producerId, sequence })
    const count = entries.length
    const recent = {
      segment: segment.segment,
      sequence,
      lastSequence: sequence + count - 1,
      firstOffset: ticket.lastOffset - count + 1,
      ticket,
    }
    this.#recent.delete(producerId)
    this.#recent.set(producerId, recent)
    this.#forgetOldest()
    this.#gate.afterVisit(segment, ticket)
    return recent
  }

  /** Only what is settled may be forgotten: what is not settled is in no state yet. */
  #forgetOldest(): void {
    if (this.#recent.size <= RECENT_PRODUCERS_MAX) return
    for (const [producerId, { ticket }] of this.#recent) {
      if (ticket.state === 'pending') continue
      this.#recent.delete(producerId)
      return
    }
  }
}

const RECENT_PRODUCERS_MAX = 1024

function storedBy(recent: Recent | undefined): number {
  return recent?.ticket.state === 'committed' ? recent.lastSequence : -1
}

/** Nobody knows its outcome: it may be committed later, in the segment that it was appended to. */
function mayBeStored({ ticket, segment }: Recent, open: OpenSegment): boolean {
  return segment === open.segment && ticket.error instanceof WalrusError && ticket.error.code === 'TIMED_OUT'
}

async function committed({ ticket, firstOffset, sequence, lastSequence }: Recent): Promise<AppendAnswer> {
  await ticket.done()
  return { count: lastSequence - sequence + 1, firstOffset }
}

/** The first outcome again; where the entries are is known while the producer has appended nothing since. */
function storedAnswer(sequence: number, count: number, recent: Recent | undefined): AppendAnswer {
  assert(count > 0, 'an answer is for at least one entry')
  const isRecent = recent !== undefined && sequence >= recent.sequence && sequence + count - 1 <= recent.lastSequence
  const firstOffset = isRecent ? recent.firstOffset + sequence - recent.sequence : undefined
  return { count, firstOffset }
}

function settled(ticket: CommitTicket): Promise<void> {
  return new Promise((resolve) => {
    ticket.onSettled(() => resolve())
  })
}
