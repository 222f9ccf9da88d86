import { performance } from 'node:perf_hooks'
import { backOff } from './backoff.js'
import { Connection, type ConnectionOptions } from './connection.js'
import { ClientError } from './errors.js'

/** Where a node listens for clients. */
export interface Address {
  /** Name or address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

export type DialerOptions = Omit<ConnectionOptions, 'signal' | 'host' | 'port'> & {
  /** At least one. */
  readonly addresses: readonly Address[]
  /** How long all addresses are tried again and again once a connection was lost. */
  readonly reconnectMs: number
}

/** Finds a node that takes a connection: address after address, and again after a wait that grows. */
export class Dialer {
  readonly #options: DialerOptions
  readonly #signal: AbortSignal
  /** Counts the addresses tried so far. */
  #turn = 0
  #opened = false

  constructor(options: DialerOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** A fresh connection. The first one ever is tried once at each address. Rejects with `CANNOT_CONNECT`. */
  async open(): Promise<Connection> {
    const deadlineMs = performance.now() + (this.#opened ? this.#options.reconnectMs : 0)
    for (let round = 1; ; round += 1) {
      const failures: ClientError[] = []
      const connection = await this.#tryEach(failures)
      if (connection !== undefined) return connection
      if (this.#signal.aborted || performance.now() >= deadlineMs) throw summaryOf(failures)
      await backOff(round, this.#signal)
    }
  }

  async #tryEach(failures: ClientError[]): Promise<Connection | undefined> {
    const { addresses } = this.#options
    for (let tried = 0; tried < addresses.length && !this.#signal.aborted; tried += 1) {
      const address = addresses[this.#turn++ % addresses.length]
      if (address === undefined) break
      try {
        const connection = await Connection.open({ ...this.#options, ...address, signal: this.#signal })
        this.#opened = true
        return connection
      } catch (error) {
        failures.push(error as ClientError)
      }
    }
    return undefined
  }
}

function summaryOf(failures: readonly ClientError[]): ClientError {
  const [first] = failures
  if (first !== undefined && failures.length === 1) return first
  const reasons = failures.map(({ message }) => message.replace(/^Cannot connect to /, '')).join('; ')
  return new ClientError('CANNOT_CONNECT', `Cannot connect to any node: ${reasons}`, first)
}
