import type { Timer } from '@walrus/core'
import type { SnapshotBegin, SnapshotChunk, SnapshotOutcome } from '@walrus/protocol'
import type { Message, NodeId } from '@walrus/raft'
import type { PeerChannel } from './peer-channel.js'
import { peerChecksum } from './peer-checksum.js'
import type { PeerContext } from './peer-context.js'

/** How many snapshots are being received on all connections together. */
export class SnapshotSlots {
  #taken = 0
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  tryTake(): boolean {
    if (this.#taken >= this.#count) return false
    this.#taken += 1
    return true
  }

  release(): void {
    this.#taken -= 1
  }
}

export interface SnapshotReceiverOptions {
  readonly context: PeerContext
  readonly channel: PeerChannel
  readonly nodeId: NodeId
  readonly slots: SnapshotSlots
  /** False: the message has gone astray. */
  readonly accepts: (message: Message) => boolean
  readonly onSnapshot: (message: Message, data: Uint8Array) => void
}

interface Incoming {
  readonly begin: SnapshotBegin
  /** Invariant: never longer than announced, nor than twice what has arrived (or `FIRST_RESERVE_BYTES`). */
  bytes: Uint8Array
  receivedBytes: number
  checksum: number
}

/** Puts the snapshots of one connection together. What it holds grows with what has arrived, not with what was announced. */
export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions
  #incoming: Incoming | undefined
  /** The last transfer that was refused: its chunks may still be under way. */
  #refusedId: number | undefined
  #stall: Timer | undefined

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options
  }

  begin(begin: SnapshotBegin): void {
    const { context, slots, channel, accepts } = this.#options
    if (this.#incoming !== undefined) return channel.fail('a second snapshot before the first has ended')
    if (begin.totalBytes > context.limits.maxSnapshotBytes) return this.#refuse(begin.transferId, 'too-large')
    if (!accepts(begin.message)) return this.#refuse(begin.transferId, 'disorder')
    if (!slots.tryTake()) return this.#refuse(begin.transferId, 'busy')
    this.#incoming = { begin, bytes: new Uint8Array(0), receivedBytes: 0, checksum: 0 }
    this.#moved()
    this.#finishIfWhole(this.#incoming)
  }

  chunk({ transferId, offsetBytes, bytes }: SnapshotChunk): void {
    const incoming = this.#incoming
    if (incoming?.begin.transferId !== transferId) {
      if (transferId !== this.#refusedId) this.#options.channel.fail('a piece of a snapshot that was not announced')
      return
    }
    const endBytes = offsetBytes + bytes.length
    if (bytes.length === 0 || offsetBytes !== incoming.receivedBytes || endBytes > incoming.begin.totalBytes) {
      return this.#abandon('disorder')
    }
    reserve(incoming, endBytes)
    incoming.bytes.set(bytes, offsetBytes)
    incoming.receivedBytes = endBytes
    incoming.checksum = peerChecksum(bytes, incoming.checksum)
    this.#moved()
    this.#finishIfWhole(incoming)
  }

  /** The connection is gone. */
  close(): void {
    this.#release()
  }

  #finishIfWhole({ begin, bytes, receivedBytes, checksum }: Incoming): void {
    if (receivedBytes < begin.totalBytes) return
    if (checksum !== begin.checksum) return this.#abandon('checksum')
    const { context, nodeId, channel, onSnapshot } = this.#options
    this.#release()
    context.onEvent({ kind: 'snapshot-received', nodeId, sizeBytes: receivedBytes })
    onSnapshot(begin.message, bytes)
    channel.send({ kind: 'snapshotResult', transferId: begin.transferId, outcome: 'taken' })
  }

  #abandon(outcome: SnapshotOutcome): void {
    const transferId = this.#incoming?.begin.transferId ?? 0
    this.#release()
    this.#refuse(transferId, outcome)
  }

  #refuse(transferId: number, outcome: SnapshotOutcome): void {
    const { context, nodeId, channel } = this.#options
    this.#refusedId = transferId
    context.onEvent({ kind: 'snapshot-refused', nodeId, outcome })
    channel.send({ kind: 'snapshotResult', transferId, outcome })
  }

  #moved(): void {
    this.#stall?.cancel()
    const { context, channel } = this.#options
    const { snapshotStallMs } = context.timings
    this.#stall = context.clock.after(snapshotStallMs, () =>
      channel.fail(`nothing of a snapshot moved for ${snapshotStallMs} ms`),
    )
  }

  #release(): void {
    this.#stall?.cancel()
    if (this.#incoming !== undefined) this.#options.slots.release()
    this.#incoming = undefined
  }
}

function reserve(incoming: Incoming, neededBytes: number): void {
  if (neededBytes <= incoming.bytes.length) return
  const wantedBytes = Math.max(2 * neededBytes, FIRST_RESERVE_BYTES)
  const grown = new Uint8Array(Math.min(wantedBytes, incoming.begin.totalBytes))
  grown.set(incoming.bytes.subarray(0, incoming.receivedBytes))
  incoming.bytes = grown
}

const FIRST_RESERVE_BYTES = 64 * 1024
