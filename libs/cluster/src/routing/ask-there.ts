import { WalrusError, type Clock, type NodeId, type PeerMessaging, type Timer } from '@walrus/core'
import type { ChangeSignal } from '../change-signal.js'
import { sameRoute, type Route } from './route.js'

export interface Question {
  readonly node: NodeId
  readonly kind: number
  readonly payload: Uint8Array
  readonly timeoutMs: number
}

export interface Way {
  readonly clock: Clock
  /** How long an answer is waited for when another node leads by then: a leader that lives gives it at once. */
  readonly graceMs: number
  /** The route that the question takes. */
  readonly route: Route
  /** The route that would be taken now. */
  readonly current: () => Route
  readonly routeChanged: ChangeSignal
}

/**
 * Asks the leader of a topic, and waits not much longer than it leads: rejects with `UNAVAILABLE` when another node does,
 * whatever becomes of the question.
 */
export function askThere(peers: PeerMessaging, question: Question, way: Way): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const forget = watch(way, () => {
      reject(new WalrusError('UNAVAILABLE', `Cannot wait for node ${question.node}: it does not lead any more`))
    })
    const { node, kind, payload, timeoutMs } = question
    peers.request(node, kind, payload, timeoutMs).finally(forget).then(resolve, reject)
  })
}

/** Calls back once when the route leads elsewhere for a while, unless the function that it returns is called before. */
function watch(way: Way, moved: () => void): () => void {
  let timer: Timer | undefined
  let forget = (): void => undefined
  const listen = (): void => {
    forget = way.routeChanged.once(() => {
      if (sameRoute(way.route, way.current())) listen()
      else timer = way.clock.after(way.graceMs, moved)
    })
  }
  listen()
  return () => {
    forget()
    timer?.cancel()
  }
}
