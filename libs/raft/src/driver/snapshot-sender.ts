import { type Message } from '../core/message.js'
import { emptyBytes, type NodeId } from '../core/types.js'
import { type RaftTransport } from '../ports/transport.js'

interface Transfer {
  readonly to: NodeId
  readonly deadlineTick: number
}

/**
 * Sends snapshots, and reports each outcome exactly once, come what may: until then the receiver gets nothing else from
 * this leader, and without it would be cut off for ever.
 */
export class SnapshotSender {
  readonly #transport: RaftTransport
  readonly #timeoutTicks: number
  readonly #report: (to: NodeId, delivered: boolean) => void
  readonly #underWay = new Set<Transfer>()

  constructor(transport: RaftTransport, timeoutTicks: number, report: (to: NodeId, delivered: boolean) => void) {
    this.#transport = transport
    this.#timeoutTicks = timeoutTicks
    this.#report = report
  }

  send(message: Message, tick: number): void {
    const { snapshot, to } = message
    if (snapshot === null) return
    const transfer = { to, deadlineTick: tick + this.#timeoutTicks }
    this.#underWay.add(transfer)
    const announcement = { ...message, snapshot: { ...snapshot, data: emptyBytes } }
    this.#transport.sendSnapshot(announcement, snapshot.data).then(
      (delivered) => this.#end(transfer, delivered),
      () => this.#end(transfer, false),
    )
  }

  /** Gives up what takes too long. */
  expire(tick: number): void {
    for (const transfer of [...this.#underWay]) if (transfer.deadlineTick <= tick) this.#end(transfer, false)
  }

  #end(transfer: Transfer, delivered: boolean): void {
    if (this.#underWay.delete(transfer)) this.#report(transfer.to, delivered)
  }
}
