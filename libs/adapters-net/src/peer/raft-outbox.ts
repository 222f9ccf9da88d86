import { entryBytes, type Message, type MessageType } from '@walrus/raft'

/**
 * Messages that wait for a peer, in order and within a bound. When there are too many, the oldest go that the protocol
 * repeats by itself: the newer ones say the same, or more.
 */
export class RaftOutbox {
  readonly #maxBytes: number
  #messages: Message[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get count(): number {
    return this.#messages.length
  }

  get sizeBytes(): number {
    return this.#bytes
  }

  /** Queues the message; returns how many were lost for it, itself included if there was nothing else to lose. */
  add(message: Message): number {
    this.#messages.push(message)
    this.#bytes += messageBytes(message)
    let lostCount = 0
    while (this.#isTooFull()) {
      const at = this.#messages.findIndex(({ type }) => isRepeated(type))
      this.#remove(at === -1 ? this.#messages.length - 1 : at)
      lostCount += 1
    }
    return lostCount
  }

  /** Takes the oldest message out; undefined when there is none. */
  take(): Message | undefined {
    const [message] = this.#messages
    if (message !== undefined) this.#remove(0)
    return message
  }

  /** Forgets all messages; returns how many there were. */
  clear(): number {
    const { count } = this
    this.#messages = []
    this.#bytes = 0
    return count
  }

  #isTooFull(): boolean {
    return this.count > 1 && (this.#bytes > this.#maxBytes || this.count > MESSAGES_MAX)
  }

  #remove(at: number): void {
    for (const message of this.#messages.splice(at, 1)) this.#bytes -= messageBytes(message)
  }
}

/** At least the bytes that the message takes up as a frame. */
export function messageBytes({ entries, snapshot }: Message): number {
  let bytes = MESSAGE_OVERHEAD_BYTES
  for (const entry of entries) bytes += entryBytes(entry)
  if (snapshot === null) return bytes
  const { voters, votersOutgoing, learners, learnersNext } = snapshot.confState
  const memberCount = voters.length + votersOutgoing.length + learners.length + learnersNext.length
  return bytes + SNAPSHOT_OVERHEAD_BYTES + 8 * memberCount + snapshot.data.length
}

/** An upper bound of everything that a message has beside entries and snapshot, with what a frame adds. */
const MESSAGE_OVERHEAD_BYTES = 128
const SNAPSHOT_OVERHEAD_BYTES = 64
/** Removing one in the middle must stay cheap. */
const MESSAGES_MAX = 4096

/** What a leader or its follower says again by itself; votes, proposals, reads and transfers are asked once. */
function isRepeated(type: MessageType): boolean {
  return type === 'Append' || type === 'AppendResponse' || type === 'Heartbeat' || type === 'HeartbeatResponse'
}
