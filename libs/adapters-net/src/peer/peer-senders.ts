import type { NodeId } from '@walrus/raft'
import type { PeerContext } from './peer-context.js'
import { RaftSender } from './raft-sender.js'
import { RequestSender } from './request-sender.js'
import { SnapshotSender } from './snapshot-sender.js'

export interface PeerSendersOptions {
  readonly context: PeerContext
  readonly nodeId: NodeId
  readonly address: string
  readonly onUnreachable: () => void
}

/** The three connections that this node dials to one member, one for each purpose. */
export class PeerSenders {
  readonly raft: RaftSender
  readonly snapshots: SnapshotSender
  readonly requests: RequestSender

  constructor({ context, nodeId, address, onUnreachable }: PeerSendersOptions) {
    this.raft = new RaftSender({ context, peer: { nodeId, address, purpose: 'raft' }, onUnreachable })
    this.snapshots = new SnapshotSender({ context, peer: { nodeId, address, purpose: 'bulk' } })
    this.requests = new RequestSender(context, { nodeId, address, purpose: 'request' }, () => undefined)
  }

  redirect(address: string): void {
    for (const { link } of [this.raft, this.snapshots, this.requests]) link.redirect(address)
  }

  async close(reason: string): Promise<void> {
    await Promise.all([this.raft, this.snapshots, this.requests].map((sender) => sender.close(reason)))
  }
}
