import { type Message } from '../core/message.js'
import { type NodeId } from '../core/types.js'
import { type RaftTransport } from '../ports/transport.js'

type Receiver = (message: Message, snapshotData?: Uint8Array) => void

interface Parcel {
  readonly message: Message
  readonly snapshotData: Uint8Array | undefined
  readonly outcome: ((delivered: boolean) => void) | undefined
}

/** A network in memory, in order unless somebody takes messages out in another one. */
export class MemoryNetwork {
  readonly #receivers = new Map<NodeId, Receiver>()
  #parcels: Parcel[] = []
  /** Messages for which it says true are lost. */
  isLost: (message: Message) => boolean = () => false
  /** Messages for which it says true are lost, and nobody ever hears what became of them. */
  swallows: (message: Message) => boolean = () => false
  /** Every message that was sent, for tests that look at the order of things. */
  onSent: (message: Message) => void = () => undefined

  get size(): number {
    return this.#parcels.length
  }

  /** The transport of one life of a node; after `close` it is silent. */
  transport(id: NodeId, receive: Receiver): RaftTransport {
    let isOpen = true
    this.#receivers.set(id, receive)
    const close = async (): Promise<void> => {
      isOpen = false
      if (this.#receivers.get(id) === receive) this.#receivers.delete(id)
    }
    const post = (parcel: Parcel): void => {
      if (!isOpen) return
      this.onSent(parcel.message)
      this.#parcels.push(parcel)
    }
    return {
      send: (message) => post({ message, snapshotData: undefined, outcome: undefined }),
      sendSnapshot: (message, snapshotData) => new Promise((outcome) => post({ message, snapshotData, outcome })),
      setAddresses: () => undefined,
      close,
    }
  }

  isConnected(id: NodeId): boolean {
    return this.#receivers.has(id)
  }

  disconnect(id: NodeId): void {
    this.#receivers.delete(id)
  }

  /** Nothing goes between `ids` and the others. */
  cut(...ids: readonly NodeId[]): void {
    this.isLost = ({ from, to }) => ids.includes(from) !== ids.includes(to)
  }

  heal(): void {
    this.isLost = () => false
  }

  /** Delivers what is under way now. False: nothing was. */
  deliver(): boolean {
    const parcels = this.#parcels
    this.#parcels = []
    for (const parcel of parcels) this.#arrive(parcel, true)
    return parcels.length > 0
  }

  /** Delivers one of the messages that are under way, or loses it. False: there is none. */
  deliverAny(pick: (bound: number) => number, arrives: boolean): boolean {
    const [parcel] = this.#parcels.splice(pick(Math.max(1, this.#parcels.length)), 1)
    if (parcel !== undefined) this.#arrive(parcel, arrives)
    return parcel !== undefined
  }

  #arrive({ message, snapshotData, outcome }: Parcel, arrives: boolean): void {
    if (this.swallows(message)) return
    const receive = arrives && !this.isLost(message) ? this.#receivers.get(message.to) : undefined
    receive?.(message, snapshotData)
    outcome?.(receive !== undefined)
  }
}
