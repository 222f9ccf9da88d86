/** What one client, and all of them together, may ask of the node. */
export interface ClientLimits {
  /** Connections at once; one more is told so and closed. */
  readonly maxConnections: number
  /** Largest request; a larger one is answered with an error, and its connection closed. */
  readonly maxFrameBytes: number
  /**
   * Bytes of requests without an answer, and of answers that the client has not fetched: with more than that of either,
   * a connection is read no further until it is less again. One frame may exceed it.
   */
  readonly maxPendingBytes: number
  /** A request that has begun to come must be complete after so long; else it is answered with an error, and its connection closed. */
  readonly frameTimeoutMs: number
  /**
   * Bytes of requests that are not complete, and of answers that were not fetched, of all clients together. With more, those
   * who hold most are cut off, as soon as that is noticed: within a quarter of a second.
   */
  readonly maxHeldBytes: number
}
