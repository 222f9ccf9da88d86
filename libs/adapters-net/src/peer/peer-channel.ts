import type { Socket } from 'node:net'
import { reasonOf, type Timer } from '@walrus/core'
import {
  decodePeerFrame,
  FrameReader,
  HANDSHAKE_FRAME_BYTES_MAX,
  PeerFrameWriter,
  type PeerFault,
  type PeerFrame,
} from '@walrus/protocol'
import type { Flushable } from '../flush-queue.js'
import { lingerAfterEnd } from '../linger.js'
import { peerChecksum } from './peer-checksum.js'
import type { PeerContext } from './peer-context.js'

/** What a channel tells whoever owns it. */
export interface PeerChannelOwner {
  onFrame(frame: PeerFrame): void
  /** Asked about a frame that cannot be read. True: the owner ends the channel; otherwise the channel cuts itself off. */
  onFault?(fault: PeerFault): boolean
  /** Output has left, and the channel is not full. */
  onDrain(): void
  /** Called once, whoever closed it; nothing is called after. */
  onClosed(reason: string): void
}

/**
 * One socket between two peers: its bytes as frames, and frames as one write per turn. It cuts itself off from a side that
 * sends something else, or nothing for too long. Frames are bounded to those of a handshake until `establish`.
 */
export class PeerChannel implements Flushable {
  readonly #socket: Socket
  readonly #context: PeerContext
  readonly #owner: PeerChannelOwner
  readonly #reader = new FrameReader({ maxFrameBytes: HANDSHAKE_FRAME_BYTES_MAX })
  readonly #writer = new PeerFrameWriter(peerChecksum)
  /** Why it ends, as soon as that is known. */
  #reason: string | undefined
  #flushing = false
  #paused = false
  #heardMs: number
  #takenCount = 0
  /** The frame that was not complete when that was looked at before, and since when. */
  #unfinished: { readonly takenCount: number; readonly sinceMs: number } | undefined
  #timer: Timer

  constructor(socket: Socket, context: PeerContext, owner: PeerChannelOwner) {
    this.#socket = socket
    this.#context = context
    this.#owner = owner
    this.#heardMs = context.clock.monotonicMs()
    const { handshakeTimeoutMs } = context.timings
    this.#timer = context.clock.after(handshakeTimeoutMs, () =>
      this.fail(`no handshake within ${handshakeTimeoutMs} ms`),
    )
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', (error) => (this.#reason ??= socketReason(error)))
    socket.on('close', () => this.#close())
  }

  /** True while the other side has a lot to take: who sends more waits for `onDrain`. */
  get isFull(): boolean {
    return this.#writer.sizeBytes + this.#socket.writableLength >= FULL_BYTES
  }

  /** Queues a frame; it leaves at the end of this turn. A value that has no place in a frame throws `INVALID_ARGUMENT`. */
  send(frame: PeerFrame): void {
    if (this.#reason !== undefined) return
    this.#writer.add(frame)
    if (this.#flushing) return
    this.#flushing = true
    this.#context.flushes.add(this)
  }

  flush(): void {
    this.#flushing = false
    if (this.#writer.sizeBytes === 0 || this.#socket.destroyed) return
    // Not the event: there is none after a write that the system has taken at once.
    this.#socket.write(this.#writer.take(), () => this.#written())
  }

  /** The handshake is done: longer frames may come, and silence is watched. */
  establish(maxFrameBytes = this.#context.limits.maxFrameBytes): void {
    this.#reader.limit(maxFrameBytes)
    this.#timer.cancel()
    this.#watch(this.#context.timings.idleTimeoutMs)
  }

  /** Reads no further until `resume`; what has arrived already is still handed on. */
  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#heardMs = this.#context.clock.monotonicMs()
    this.#socket.resume()
  }

  /** Cuts the connection; output that has not left is lost. The first reason counts. */
  fail(reason: string): void {
    this.#reason ??= reason
    this.#socket.destroy()
  }

  /** Ends the connection once all output has left; no further frame is taken. */
  end(reason: string): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.flush()
    this.#socket.resume()
    lingerAfterEnd(this.#socket)
  }

  #receive(chunk: Uint8Array): void {
    this.#heardMs = this.#context.clock.monotonicMs()
    if (this.#reason !== undefined) return
    this.#reader.push(chunk)
    while (this.#reason === undefined && this.#reader.next()) this.#take()
    const { fault } = this.#reader
    if (fault?.kind === 'oversize') this.fail(`a frame of ${fault.announcedBytes} bytes exceeds ${fault.maxFrameBytes}`)
    if (fault?.kind === 'zero-length') this.fail('a frame of 0 bytes')
  }

  #take(): void {
    this.#takenCount += 1
    const { bytes, start, end } = this.#reader
    const frame = decodePeerFrame(bytes, start, end, peerChecksum)
    if (typeof frame !== 'string') this.#owner.onFrame(frame)
    else if (this.#owner.onFault?.(frame) !== true) this.fail(`a frame that cannot be read: ${frame}`)
  }

  #written(): void {
    if (this.#reason === undefined && !this.isFull) this.#owner.onDrain()
  }

  #watch(afterMs: number): void {
    const { clock, timings } = this.#context
    this.#timer = clock.after(afterMs, () => {
      if (this.#isFrameLate()) return this.fail(`a frame was not complete within ${timings.frameTimeoutMs} ms`)
      if (this.#silentMs() < timings.idleTimeoutMs) return this.#watch(timings.idleTimeoutMs - this.#silentMs())
      // It may be this node that was busy: what has arrived meanwhile is read first.
      clock.defer(() => {
        if (this.#silentMs() < timings.idleTimeoutMs) this.#watch(timings.idleTimeoutMs)
        else this.fail(`nothing heard for ${timings.idleTimeoutMs} ms`)
      })
    })
  }

  /** Whether the same frame has been coming for too long, while it was read. */
  #isFrameLate(): boolean {
    const nowMs = this.#context.clock.monotonicMs()
    if (this.#paused || !this.#reader.isUnfinished) this.#unfinished = undefined
    else if (this.#unfinished?.takenCount !== this.#takenCount) {
      this.#unfinished = { takenCount: this.#takenCount, sinceMs: nowMs }
    }
    return this.#unfinished !== undefined && nowMs - this.#unfinished.sinceMs >= this.#context.timings.frameTimeoutMs
  }

  /** A side that is not read cannot be heard. */
  #silentMs(): number {
    return this.#paused ? 0 : this.#context.clock.monotonicMs() - this.#heardMs
  }

  #close(): void {
    this.#timer.cancel()
    this.#reason ??= 'the other side closed it'
    this.#owner.onClosed(this.#reason)
  }
}

/** Attempts on several addresses of a host fail together, with an error that has no text of its own. */
function socketReason(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  return reasonOf(error)
}

/** With so much output not taken by the other side, a channel is full. */
const FULL_BYTES = 256 * 1024
