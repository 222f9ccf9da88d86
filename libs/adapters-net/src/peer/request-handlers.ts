import { assert } from '@walrus/core'
import type { NodeId } from '@walrus/raft'

/** Who asks, as far as it says. */
export interface PeerCaller {
  /** 0: it has no id yet. */
  readonly nodeId: NodeId
  /** Empty: it belongs to no cluster yet. */
  readonly clusterId: string
  /** host:port that it calls from. */
  readonly remote: string
  /** From now on it waits this long for the answer. */
  readonly timeoutMs: number
}

/**
 * Answers one kind of request. What it throws is told to the asker: a `WalrusError` with code and message, anything else as
 * `UNAVAILABLE` without details. The payload is the handler's own.
 */
export type PeerRequestHandler = (payload: Uint8Array, caller: PeerCaller) => Promise<Uint8Array>

/** Who may ask: nodes of this cluster, or any node, also one that belongs to none yet. */
export type PeerAccess = 'members' | 'anyone'

/** Which kind of request is answered by whom. */
export class RequestHandlers {
  readonly #rows = new Map<number, { readonly handler: PeerRequestHandler; readonly access: PeerAccess }>()

  add(requestKind: number, access: PeerAccess, handler: PeerRequestHandler): void {
    assert(!this.#rows.has(requestKind), `request kind ${requestKind} has one handler`)
    this.#rows.set(requestKind, { handler, access })
  }

  /** The handler, or why the request is not answered. */
  find(requestKind: number, isMember: boolean): PeerRequestHandler | string {
    const row = this.#rows.get(requestKind)
    if (row === undefined) return `this node answers no requests of kind ${requestKind}`
    if (row.access === 'members' && !isMember)
      return `requests of kind ${requestKind} are for nodes of the cluster only`
    return row.handler
  }
}
