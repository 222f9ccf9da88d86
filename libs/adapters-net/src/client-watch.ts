import type { ClientConnection } from './client-connection.js'
import type { ClientLimits } from './client-limits.js'

/** How often all connections are looked at. */
const LOOK_MS = 250

/** Looks after what clients hold of the node's memory and do not give back: a request at a time, and all of them together. */
export class ClientWatch {
  readonly #connections: ReadonlySet<ClientConnection>
  readonly #maxHeldBytes: number
  readonly #onCut: (connection: ClientConnection, heldBytes: number) => void
  readonly #timer: NodeJS.Timeout

  constructor(
    connections: ReadonlySet<ClientConnection>,
    { maxHeldBytes, frameTimeoutMs }: ClientLimits,
    onCut: (connection: ClientConnection, heldBytes: number) => void,
  ) {
    this.#connections = connections
    this.#maxHeldBytes = maxHeldBytes
    this.#onCut = onCut
    this.#timer = setInterval(() => this.#look(), Math.min(LOOK_MS, frameTimeoutMs)).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const nowMs = performance.now()
    let heldBytes = 0
    for (const connection of this.#connections) {
      connection.checkFrame(nowMs)
      heldBytes += connection.heldBytes
    }
    if (heldBytes > this.#maxHeldBytes) this.#cutLargest(heldBytes)
  }

  /** Who holds little is never cut for what others hold. */
  #cutLargest(heldBytes: number): void {
    let left = heldBytes
    for (const connection of [...this.#connections].sort((one, other) => other.heldBytes - one.heldBytes)) {
      if (left <= this.#maxHeldBytes) return
      const freed = connection.heldBytes
      left -= freed
      this.#onCut(connection, freed)
      connection.destroy()
    }
  }
}
