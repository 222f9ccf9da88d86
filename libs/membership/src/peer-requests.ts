import type { NodeId } from '@walrus/core'

/** Requests to other nodes, and answers to theirs. */
export interface PeerRequests {
  /**
   * Asks a node by its id, if its address is known, or whoever listens at host:port. Rejects with the `WalrusError` that the
   * other side has thrown; with `NODE_REFUSED` when it is of another cluster; or with `UNAVAILABLE` or `TIMED_OUT`.
   */
  request(target: NodeId | string, requestKind: number, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array>

  /** Answers requests of that kind from now on: those of members, or of any node. */
  handle(
    requestKind: number,
    access: 'members' | 'anyone',
    handler: (payload: Uint8Array, caller: { readonly timeoutMs: number }) => Promise<Uint8Array>,
  ): void
}
