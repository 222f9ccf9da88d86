import type { Clock } from '@walrus/core'
import { isBinaryPayload, type FrameFault } from '@walrus/protocol'
import { DEFAULT_SESSION_LIMITS, type BinaryHandlers, type SessionLimits } from './binary-handlers.js'
import { BinarySession } from './binary-session.js'
import type { ClientService, ClientSession } from './client-session.js'
import { TextSession, type TextHandlers } from './text-session.js'

export interface ClientServiceOptions {
  readonly text: TextHandlers
  readonly binary: BinaryHandlers
  readonly clock: Clock
  /** Overrides of `DEFAULT_SESSION_LIMITS`. */
  readonly limits?: Partial<SessionLimits>
}

/** Serves both dialects on each connection. */
export function openClientService({ text, binary, clock, limits }: ClientServiceOptions): ClientService {
  const bounds = { ...DEFAULT_SESSION_LIMITS, ...limits }
  return {
    open: (sink) =>
      new TwoDialects(
        new TextSession(text, sink),
        new BinarySession({ handlers: binary, sink, clock, limits: bounds }),
      ),
  }
}

/**
 * One connection's conversation. The first byte of each request says its dialect. Requests are begun in the order in which they
 * come; text answers keep it, binary ones leave as they come.
 */
class TwoDialects implements ClientSession {
  readonly #text: TextSession
  readonly #binary: BinarySession

  constructor(text: TextSession, binary: BinarySession) {
    this.#text = text
    this.#binary = binary
  }

  get pendingCount(): number {
    return this.#text.pendingCount + this.#binary.pendingCount
  }

  get pendingBytes(): number {
    return this.#text.pendingBytes + this.#binary.pendingBytes
  }

  get promisedBytes(): number {
    return this.#binary.promisedBytes
  }

  accept(bytes: Uint8Array, start: number, end: number): void {
    if (isBinaryPayload(bytes, start)) this.#binary.accept(bytes, start, end)
    else this.#text.accept(bytes, start, end)
  }

  acceptFault(fault: FrameFault): void {
    this.#text.acceptFault(fault)
  }

  whenIdle(listener: () => void): void {
    this.#binary.whenIdle(() => this.#text.whenIdle(listener))
  }

  close(): void {
    this.#text.close()
    this.#binary.close()
  }
}
