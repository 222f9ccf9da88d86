import { randomInt } from 'node:crypto'
import type { AppendReply, BinaryRequestOf } from '@walrus/protocol'
import { ClientError } from './errors.js'
import { check } from './options.js'
import { ProducerLane, type ProducerLimits } from './producer-lane.js'

/** Each has a default. */
export interface ProducerOptions {
  /** Entries of one batch at most; 1 to 65,536, default 1,000. */
  readonly batchEntriesMax?: number
  /** Bytes of one batch at most, where it has more than one entry; default 1 MiB. */
  readonly batchBytesMax?: number
  /** How long an entry is sent again and again before its append rejects; default 30,000. */
  readonly deliveryMs?: number
  /** Bytes of entries that may wait at once, over all topics; with more, an append rejects. Default 64 MiB. */
  readonly waitingBytesMax?: number
}

/** Sends one batch, as `WalrusClient.appendBatch`. */
export type SendBatch = (request: BinaryRequestOf<'append'>) => Promise<AppendReply>

const LONGEST_MS = 3_600_000

/**
 * Appends entry by entry, and sends batch by batch: what is appended while a batch of the same topic is under way makes the
 * next one. The entries of a topic keep the order of the calls. Each batch is numbered, and sent again until its outcome is
 * known: an entry is stored once, also when a connection or a node is lost in between.
 */
export class Producer {
  readonly #send: SendBatch
  readonly #limits: ProducerLimits
  readonly #lanes = new Map<string, ProducerLane>()
  readonly #waitingBytesMax: number
  #waitingBytes = 0
  #closed = false

  constructor(send: SendBatch, options: ProducerOptions) {
    const { batchEntriesMax = 1000, batchBytesMax = 1024 * 1024, deliveryMs = 30_000 } = options
    const { waitingBytesMax = 64 * 1024 * 1024 } = options
    check('batchEntriesMax', batchEntriesMax, { min: 1, max: 65_536 })
    check('batchBytesMax', batchBytesMax, { min: 1, max: 0x7fff_ffff })
    check('deliveryMs', deliveryMs, { min: 1, max: LONGEST_MS })
    check('waitingBytesMax', waitingBytesMax, { min: 1, max: Number.MAX_SAFE_INTEGER })
    this.#send = send
    this.#limits = { batchEntriesMax, batchBytesMax, deliveryMs }
    this.#waitingBytesMax = waitingBytesMax
  }

  /**
   * Appends a copy of the entry; text goes as UTF-8. Resolves with its topic offset when it is stored as the broker is set to
   * store it; with undefined when it was stored by an attempt so long ago that nobody knows where. Rejects with a
   * `ClientError`: `REFUSED` when too much waits.
   */
  async append(topic: string, entry: Uint8Array | string): Promise<number | undefined> {
    const data = typeof entry === 'string' ? Buffer.from(entry) : new Uint8Array(entry)
    if (this.#closed) throw new ClientError('CLIENT_CLOSED', `Cannot append to "${topic}": the producer is closed`)
    if (this.#waitingBytes > 0 && this.#waitingBytes + data.length > this.#waitingBytesMax) {
      throw new ClientError('REFUSED', `Cannot append to "${topic}": ${this.#waitingBytes} bytes wait already`)
    }
    this.#waitingBytes += data.length
    try {
      return await this.#lane(topic).append(data)
    } finally {
      this.#waitingBytes -= data.length
    }
  }

  /** Resolves when every append made so far has its outcome. */
  async flush(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle()))
  }

  /** Takes no more, and waits for what it has. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await this.flush()
  }

  #lane(topic: string): ProducerLane {
    const known = this.#lanes.get(topic)
    if (known !== undefined) return known
    const lane = new ProducerLane({ topic, send: this.#send, limits: this.#limits, newId: newProducerId })
    this.#lanes.set(topic, lane)
    return lane
  }
}

/** Two producers of one topic do not meet by chance. */
function newProducerId(): number {
  return randomInt(1, 2 ** 48 - 1)
}
