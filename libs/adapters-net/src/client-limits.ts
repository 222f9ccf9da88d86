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
}
