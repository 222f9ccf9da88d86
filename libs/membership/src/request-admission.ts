import { WalrusError, type NodeId } from '@walrus/core'
import { admission, type Admission, type AdmissionRequest } from '@walrus/protocol'
import { ask } from './ask.js'
import type { PeerRequests } from './peer-requests.js'
import { levelOfAttempt, persist, type Surroundings } from './persistence.js'

/** Who a node is, and where. */
export interface Self {
  readonly nodeId: NodeId
  /** Drawn when its log was made: what tells it from any other node with the same id. */
  readonly identity: string
  /** Where its peers reach it, host:port. */
  readonly address: string
  /** Where clients reach it, host:port; empty: it is not known yet. */
  readonly clientAddress: string
}

/** Tells the operator what happens. Fields are ids, addresses, counts and reasons. */
export type Report = (
  level: 'debug' | 'info' | 'warn',
  message: string,
  fields: Readonly<Record<string, string | number>>,
) => void

export interface AdmissionOptions extends Surroundings {
  readonly self: Self
  /** Of the cluster that has admitted it before; empty: it belongs to none. */
  readonly clusterId: string
  /** host:port of any members. */
  readonly seeds: readonly string[]
  readonly peers: PeerRequests
  readonly report: Report
}

/**
 * Asks the seeds, one after the other and again and again, until one has got the node into its cluster: as a learner, for it
 * holds nothing yet. Rejects with `NODE_REFUSED` when the cluster does not take it, with `UNAVAILABLE` when `signal` aborts.
 */
export function requestAdmission(options: AdmissionOptions): Promise<Admission> {
  const { self, clusterId, seeds, peers, report } = options
  const request: AdmissionRequest = { ...self, clusterId, hasLog: false, isForwarded: false }
  let turn = 0
  return persist(
    options,
    () => {
      const seed = seeds[turn++ % seeds.length]
      if (seed === undefined) throw new WalrusError('INVALID_ARGUMENT', 'Cannot join: nobody to ask')
      return ask(peers, seed, admission, request)
    },
    ({ message: reason }, waitMs) =>
      report(levelOfAttempt(waitMs), 'Cannot join yet, and tries again', { reason, waitMs }),
  )
}
