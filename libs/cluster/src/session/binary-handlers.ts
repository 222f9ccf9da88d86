import type { CommitTicket } from '@walrus/core'
import type {
  AdminHandlers,
  EntriesReply,
  FetchRequest,
  BinaryRequestOf,
  MoveCursorReply,
  MoveCursorRequest,
  NextRequest,
} from '@walrus/protocol'

/** What each binary command means. Calls that reject or throw do so with a `WalrusError`, except for defects. */
export interface BinaryHandlers {
  /**
   * Appends copies of the entries, all or nothing, behind everything that was appended before the call. The ticket is as of
   * `SegmentLog.appendBatch`; one whose `lastOffset` is −1 when this returns is of these entries alone, and has their offsets
   * when it is settled (`firstOffset` −1: nobody knows them any more). Throws when nothing was appended.
   */
  readonly append: (request: BinaryRequestOf<'append'>) => CommitTicket

  /** What there is from the offset on, within the bounds, without waiting. */
  readonly fetch: (request: FetchRequest) => Promise<EntriesReply>

  /**
   * What there is at the cursor, within the bounds, without waiting; the cursor has durably passed it. Without entries,
   * `firstOffset` is where the cursor is.
   */
  readonly next: (request: NextRequest) => Promise<EntriesReply>

  /** Resolves with where the cursor is, durably. */
  readonly moveCursor: (request: MoveCursorRequest) => Promise<MoveCursorReply>

  /**
   * Calls back once, later, when it may be worth to look again for the entry at `offset`: there is one, or the topic has
   * changed. Calling back in vain is fine, not calling back is not. Returns the way to stop. Never throws.
   */
  readonly onReadable: (topic: string, offset: number, listener: () => void) => () => void

  readonly admin: AdminHandlers
}

/** Bounds of the binary conversation of one connection. Each has a default, see `DEFAULT_SESSION_LIMITS`. */
export interface SessionLimits {
  /** Requests that may wait for entries at once. */
  readonly waitingReadsMax: number
  /** How long a request may wait for entries, whatever it asks for. */
  readonly readWaitMsMax: number
  /** Bytes of entries in one answer, whatever is asked for; a single entry may be larger. */
  readonly readBytesMax: number
  /** Entries in one answer, whatever is asked for. */
  readonly readEntriesMax: number
}

/** Limits that suit a broker. */
export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  waitingReadsMax: 64,
  readWaitMsMax: 60_000,
  readBytesMax: 1024 * 1024,
  readEntriesMax: 16_384,
}
