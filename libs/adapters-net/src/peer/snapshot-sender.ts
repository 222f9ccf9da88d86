import { reasonOf, type Timer } from '@walrus/core'
import type { PeerFrame } from '@walrus/protocol'
import type { Message } from '@walrus/raft'
import { peerChecksum } from './peer-checksum.js'
import type { PeerContext } from './peer-context.js'
import type { DialledPeer } from './peer-event.js'
import { PeerLink, type PeerLinkUser } from './peer-link.js'

interface Transfer {
  readonly id: number
  readonly message: Message
  readonly data: Uint8Array
  readonly resolve: (taken: boolean) => void
  begun: boolean
  sentBytes: number
}

/** Sends snapshots to one peer, one after the other, over a connection of their own that is dialled when it is needed. */
export class SnapshotSender implements PeerLinkUser {
  readonly link: PeerLink
  readonly #context: PeerContext
  readonly #peer: DialledPeer
  /** The first is under way as soon as there is a connection. */
  #transfers: Transfer[] = []
  #lastId = 0
  #stall: Timer | undefined

  constructor({ context, peer }: { readonly context: PeerContext; readonly peer: DialledPeer }) {
    this.#context = context
    this.#peer = peer
    this.link = new PeerLink({ context, peer, persistent: false, user: this })
  }

  /** Resolves with true once the peer has taken all of it. */
  send(message: Message, data: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      this.#lastId = (this.#lastId + 1) >>> 0
      this.#transfers.push({ id: this.#lastId, message, data, resolve, begun: false, sentBytes: 0 })
      if (this.#transfers.length === 1) this.#moved()
      this.link.want()
      this.#pump()
    })
  }

  async close(reason: string): Promise<void> {
    this.#failAll(reason)
    await this.link.close(reason)
  }

  onOpen(): void {
    this.#pump()
  }

  onDrain(): void {
    this.#pump()
  }

  onFrame(frame: PeerFrame): void {
    const [transfer] = this.#transfers
    if (frame.kind !== 'snapshotResult' || transfer?.begun !== true || frame.transferId !== transfer.id) {
      this.link.break(`it sent "${frame.kind}" where the result of a snapshot belongs`)
    } else if (frame.outcome !== 'taken') this.#finish(transfer, `refused: ${frame.outcome}`)
    else if (transfer.sentBytes === transfer.data.length) this.#finish(transfer)
    else this.link.break('it took a snapshot before it had all of it')
  }

  onDown(reason: string): void {
    this.#failAll(reason)
  }

  #pump(): void {
    const { channel } = this.link
    const [transfer] = this.#transfers
    if (channel === undefined || transfer === undefined) return
    try {
      if (!transfer.begun) this.#begin(transfer)
    } catch (thrown) {
      return this.#finish(transfer, reasonOf(thrown))
    }
    while (!channel.isFull && transfer.sentBytes < transfer.data.length) this.#sendChunk(transfer)
  }

  #begin(transfer: Transfer): void {
    const { id: transferId, message, data } = transfer
    const checksum = peerChecksum(data)
    this.link.channel?.send({ kind: 'snapshotBegin', transferId, totalBytes: data.length, checksum, message })
    transfer.begun = true
    this.#moved()
  }

  #sendChunk(transfer: Transfer): void {
    const { id: transferId, data, sentBytes: offsetBytes } = transfer
    const chunkBytes = Math.min(CHUNK_BYTES, this.#context.limits.maxFrameBytes - CHUNK_OVERHEAD_BYTES)
    const bytes = data.subarray(offsetBytes, offsetBytes + chunkBytes)
    this.link.channel?.send({ kind: 'snapshotChunk', transferId, offsetBytes, bytes })
    transfer.sentBytes += bytes.length
    this.#moved()
  }

  /** Something has moved: the wait for the next sign begins again. */
  #moved(): void {
    this.#stall?.cancel()
    const { snapshotStallMs } = this.#context.timings
    this.#stall = this.#context.clock.after(snapshotStallMs, () => {
      const reason = `nothing moved for ${snapshotStallMs} ms`
      this.link.break(reason)
      this.#failAll(reason)
    })
  }

  #failAll(reason: string): void {
    for (let [transfer] = this.#transfers; transfer !== undefined; [transfer] = this.#transfers) {
      this.#settle(transfer, reason)
    }
    this.#stall?.cancel()
  }

  #finish(transfer: Transfer, failure?: string): void {
    this.#settle(transfer, failure)
    this.#stall?.cancel()
    if (this.#transfers.length > 0) this.#moved()
    this.#pump()
  }

  #settle(transfer: Transfer, failure?: string): void {
    this.#transfers = this.#transfers.filter((other) => other !== transfer)
    const { nodeId } = this.#peer
    const sizeBytes = transfer.data.length
    if (failure === undefined) this.#context.onEvent({ kind: 'snapshot-sent', nodeId, sizeBytes })
    else this.#context.onEvent({ kind: 'snapshot-not-sent', nodeId, sizeBytes, reason: failure })
    transfer.resolve(failure === undefined)
  }
}

/** Small enough that a turn that checks and copies one is not felt, large enough that its frame costs nothing. */
const CHUNK_BYTES = 128 * 1024
/** At least what the frame of a chunk has beside its bytes. */
const CHUNK_OVERHEAD_BYTES = 64
