import type { NodeId } from '../metadata/model.js'

/**
 * Questions to other nodes of the cluster, and their answers. Questions to one node are handed over in the order in which
 * they were asked, each at most once; the answers come in any order. Nothing of it delays the messages of Raft.
 */
export interface PeerMessaging {
  /**
   * Rejects with the `WalrusError` that the other node's handler has thrown, or with `UNAVAILABLE` or `TIMED_OUT`: then it
   * is not known whether the question was acted on, unless it is a `NotAskedError`. That also refuses what is too large, and
   * what is too much while others wait for their answers. The payload must not change until then.
   */
  request(node: NodeId, kind: number, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array>

  /**
   * Answers questions of that kind from now on; one handler for each kind. Of what it throws that is no `WalrusError` nothing is
   * told. The payload is the handler's own. Handlers are
   * begun in the order in which one node asked, and do not wait for each other.
   */
  handle(kind: number, handler: (payload: Uint8Array, from: NodeId) => Promise<Uint8Array>): void
}
