import type { FrameFault } from '@walrus/protocol'

/** Opens one conversation for each connection; implemented by the cluster, driven by whoever owns the sockets. */
export interface ClientService {
  /** A fresh session whose answers go to `sink`. Sessions share nothing that one of them could block. */
  open(sink: AnswerSink): ClientSession
}

/** The conversation of one connection. */
export interface ClientSession {
  /**
   * Takes one complete request frame, `bytes[start, end)`, a view that stays valid and unchanged. Called in arrival order.
   * Never throws: whatever is wrong with the request is its answer.
   */
  accept(bytes: Uint8Array, start: number, end: number): void

  /** A frame that cannot be: answers `ERR invalid frame length…` after what is pending; no accept follows. */
  acceptFault(fault: FrameFault): void

  /** Requests that were accepted and not answered yet, but for those that wait for entries to come. */
  readonly pendingCount: number

  /** Bytes of the requests that were accepted and not answered yet. */
  readonly pendingBytes: number

  /** Bytes that answers under way may have, as far as their requests say; not of those that wait for entries to come. */
  readonly promisedBytes: number

  /**
   * No accept follows. Requests that wait for entries are answered without. Calls back once when nothing is pending (at once
   * if so).
   */
  whenIdle(listener: () => void): void

  /** The connection is gone: answers are dropped from now on. What was accepted is still carried out. Idempotent. */
  close(): void
}

/** Where the answers of one connection go: framed bytes, in the order in which they leave. Called any number of times per tick. */
export interface AnswerSink {
  /** Takes over `frames`: whole answer frames, `count` of them, that do not change any more. */
  send(frames: Uint8Array, count: number): void

  /** What was pending only waits from now on, though no answer was sent: there may be room for more requests. */
  ease(): void

  /** Bytes of answers that the connection takes before it holds as many as it may; 0 or less when it does. */
  readonly roomBytes: number
}
