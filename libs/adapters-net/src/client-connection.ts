import type { Socket } from 'node:net'
import type { AnswerSink, ClientService, ClientSession } from '@walrus/cluster'
import { FrameReader, type FrameFault } from '@walrus/protocol'
import type { ClientLimits } from './client-limits.js'
import type { Flushable, FlushQueue } from './flush-queue.js'
import { lingerAfterEnd } from './linger.js'
import { RequestWindow } from './request-window.js'
import { writeTogether } from './write-together.js'

/** What a connection is given by its listener. */
export interface ClientConnectionOptions {
  readonly socket: Socket
  /** host:port that it comes from. */
  readonly remote: string
  readonly service: ClientService
  readonly limits: ClientLimits
  readonly flushes: FlushQueue
  readonly onFault: (fault: FrameFault) => void
}

/**
 * One client's socket: turns its bytes into frames for a session, and the session's answers into writes.
 * Back-pressure goes both ways: while too much waits for its answer, or is not fetched, no frame is taken and no byte read.
 */
export class ClientConnection implements AnswerSink, Flushable {
  readonly remote: string
  readonly #socket: Socket
  readonly #session: ClientSession
  readonly #frames: FrameReader
  readonly #maxPendingBytes: number
  readonly #frameTimeoutMs: number
  readonly #window: RequestWindow
  readonly #flushes: FlushQueue
  readonly #onFault: (fault: FrameFault) => void
  #answers: Uint8Array[] = []
  #answerBytes = 0
  #answerCount = 0
  /** taking: frames are taken; draining: only answers flow; ended: nothing flows any more. */
  #phase: 'taking' | 'draining' | 'ended' = 'taking'
  #blocked = false
  /** Read since the connection last let others have their turn. */
  #turnBytes = 0
  #takenCount = 0
  /** The frame that was not complete when that was looked at before, and since when. */
  #unfinished: { readonly takenCount: number; readonly sinceMs: number } | undefined
  /** The client will send no more. */
  #inputEnded = false

  constructor({ socket, remote, service, limits, flushes, onFault }: ClientConnectionOptions) {
    this.remote = remote
    this.#socket = socket
    this.#maxPendingBytes = limits.maxPendingBytes
    this.#frameTimeoutMs = limits.frameTimeoutMs
    this.#window = new RequestWindow(limits.maxPendingBytes)
    this.#flushes = flushes
    this.#onFault = onFault
    this.#frames = new FrameReader({ maxFrameBytes: limits.maxFrameBytes })
    this.#session = service.open(this)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('end', () => this.#receiveEnd())
    socket.on('drain', () => this.#continue())
    socket.on('close', () => this.#close())
  }

  get roomBytes(): number {
    return this.#maxPendingBytes - this.#answerBytes - this.#socket.writableLength
  }

  /** What the node holds for this client and would hold no more if it behaved: half of a request, answers that it does not fetch. */
  get heldBytes(): number {
    return this.#frames.heldBytes + this.#socket.writableLength
  }

  /** Looks whether the client has left a request unfinished for too long; while it is not read, that is not its fault. */
  checkFrame(nowMs: number): void {
    if (this.#blocked || this.#phase !== 'taking' || !this.#frames.isUnfinished) {
      this.#unfinished = undefined
    } else if (this.#unfinished?.takenCount !== this.#takenCount) {
      this.#unfinished = { takenCount: this.#takenCount, sinceMs: nowMs }
    } else if (nowMs - this.#unfinished.sinceMs >= this.#frameTimeoutMs) {
      this.#frames.giveUp(this.#frameTimeoutMs)
      this.#readOn()
    }
  }

  /** The session's answers; they are written at the end of this turn. */
  send(frames: Uint8Array, count: number): void {
    if (this.#phase === 'ended') return
    this.#answerBytes += frames.length
    this.#answerCount += count
    if (this.#answers.push(frames) === 1) this.#flushes.add(this)
  }

  /** Takes more requests at the end of this turn, if it took none. */
  ease(): void {
    if (this.#blocked) this.#flushes.add(this)
  }

  flush(): void {
    if (this.#answers.length > 0) this.#write()
    this.#continue()
  }

  /** Takes no further request, answers those it has, and ends; what the client still sends is dropped. */
  drain(): void {
    if (this.#phase !== 'taking') return
    this.#phase = 'draining'
    this.#socket.resume()
    this.#session.whenIdle(() => this.#end())
  }

  /** Cuts the connection; answers that were not written are lost. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Resolves once the socket is gone, for whatever reason. */
  async whenClosed(): Promise<void> {
    if (!this.#socket.closed) await new Promise((resolve) => this.#socket.once('close', resolve))
  }

  #write(): void {
    this.#window.observe(this.#answerCount, this.#answerBytes)
    writeTogether(this.#socket, this.#answers)
    this.#answers = []
    this.#answerBytes = 0
    this.#answerCount = 0
  }

  #receive(chunk: Uint8Array): void {
    if (this.#phase !== 'taking') return
    this.#turnBytes += chunk.length
    if (this.#turnBytes >= TURN_BYTES) this.#rest()
    this.#frames.push(chunk)
    this.#takeFrames()
  }

  /** Reads no further in this turn: a socket that is always full would be read many times in a row. */
  #rest(): void {
    this.#turnBytes = 0
    this.#socket.pause()
    setImmediate(() => {
      if (!this.#blocked) this.#socket.resume()
    })
  }

  #receiveEnd(): void {
    this.#inputEnded = true
    if (!this.#blocked) this.drain()
  }

  #continue(): void {
    if (this.#blocked && this.#phase === 'taking') this.#takeFrames()
  }

  #takeFrames(): void {
    const frames = this.#frames
    while (this.#hasRoom()) {
      if (!frames.next()) return this.#readOn()
      this.#takenCount += 1
      this.#session.accept(frames.bytes, frames.start, frames.end)
    }
    this.#block()
  }

  /** Every frame is taken that was there. */
  #readOn(): void {
    if (this.#frames.fault !== undefined) return this.#fault(this.#frames.fault)
    if (!this.#blocked) return
    this.#blocked = false
    if (this.#inputEnded) this.drain()
    else this.#socket.resume()
  }

  #block(): void {
    this.#blocked = true
    this.#socket.pause()
  }

  #hasRoom(): boolean {
    const { pendingCount, pendingBytes, promisedBytes } = this.#session
    return pendingCount < this.#window.size && pendingBytes < this.#maxPendingBytes && promisedBytes < this.roomBytes
  }

  #fault(fault: FrameFault): void {
    this.#onFault(fault)
    this.#session.acceptFault(fault)
    this.drain()
  }

  #end(): void {
    if (this.#phase === 'ended') return
    this.flush()
    this.#phase = 'ended'
    lingerAfterEnd(this.#socket)
  }

  #close(): void {
    this.#phase = 'ended'
    this.#answers = []
    this.#session.close()
  }
}

/** Few enough to be through with them in a fraction of a millisecond, or two if they are copied into a large request. */
const TURN_BYTES = 256 * 1024
