import type { AnswerSink, ClientService, ClientSession } from '@walrus/cluster'
import { frame, type FrameFault } from '@walrus/protocol'
import type { ClientLimits } from './client-limits.js'

/** Limits that no test reaches by accident. */
export const LIMITS: ClientLimits = {
  maxConnections: 100,
  maxFrameBytes: 1 << 20,
  maxPendingBytes: 1 << 20,
  frameTimeoutMs: 60_000,
  maxHeldBytes: 1 << 30,
}

/** Answers each request with `answerOf` it when told to, in order; `automatic` tells it at once. */
export class ScriptedSession implements ClientSession {
  readonly requests: string[] = []
  closed = false
  waitingCount = 0
  #answeredCount = 0
  #idleListeners: (() => void)[] = []

  constructor(
    readonly sink: AnswerSink,
    readonly service: ScriptedService,
  ) {}

  get pendingCount(): number {
    return this.requests.length - this.#answeredCount - this.waitingCount
  }

  get pendingBytes(): number {
    return this.requests.slice(this.#answeredCount).reduce((sum, request) => sum + request.length, 0)
  }

  get promisedBytes(): number {
    return this.pendingCount * this.service.promisedBytesEach
  }

  accept(bytes: Uint8Array, start: number, end: number): void {
    this.requests.push(Buffer.from(bytes.subarray(start, end)).toString())
    this.service.noteAccepted()
    if (this.service.automatic) this.answer(1)
  }

  acceptFault(fault: FrameFault): void {
    this.requests.push(`a fault: ${fault.kind}`)
    if (this.service.automatic) this.answer(1)
  }

  answer(count: number): void {
    for (const request of this.requests.slice(this.#answeredCount, this.#answeredCount + count)) {
      this.#answeredCount += 1
      if (!this.closed) this.sink.send(frame(Buffer.from(this.service.answerOf(request))), 1)
    }
    if (this.pendingCount === 0) for (const listener of this.#idleListeners.splice(0)) listener()
  }

  whenIdle(listener: () => void): void {
    if (this.pendingCount === 0) listener()
    else this.#idleListeners.push(listener)
  }

  close(): void {
    this.closed = true
  }
}

/** Opens sessions that answer by themselves, unless told to wait. */
export class ScriptedService implements ClientService {
  readonly sessions: ScriptedSession[] = []
  automatic = true
  promisedBytesEach = 0
  answerOf: (request: string) => string = (request) => `OK ${request}`
  #acceptedCount = 0
  #wanted: { readonly count: number; readonly resolve: () => void } | undefined

  get acceptedCount(): number {
    return this.#acceptedCount
  }

  open(sink: AnswerSink): ClientSession {
    const session = new ScriptedSession(sink, this)
    this.sessions.push(session)
    return session
  }

  noteAccepted(): void {
    this.#acceptedCount += 1
    if (this.#acceptedCount === this.#wanted?.count) this.#wanted.resolve()
  }

  async whenAccepted(count: number): Promise<void> {
    if (this.#acceptedCount < count) await new Promise<void>((resolve) => (this.#wanted = { count, resolve }))
  }
}

/** The length of a request that is still to come. */
export function announced(payloadBytes: number): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32LE(payloadBytes)
  return header
}
