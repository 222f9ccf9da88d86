import type { CommitTicket } from '@walrus/core'
import { errorFrame, okFrames } from '@walrus/protocol'
import type { AnswerSink } from './client-session.js'
import { errorMessageOf } from './error-message.js'

/**
 * The answers of one connection, which leave in the order of the requests, whatever the order in which they come to be.
 * Appends that follow each other and share a ticket are one place in the queue, and one run of answers.
 */
export class ReplyQueue {
  readonly #sink: AnswerSink
  #places: Place[] = []
  /** Places before it have left. */
  #head = 0
  #pendingCount = 0
  #closed = false
  #idleListeners: (() => void)[] = []

  constructor(sink: AnswerSink) {
    this.#sink = sink
  }

  /** Requests whose answer has not left. */
  get pendingCount(): number {
    return this.#pendingCount
  }

  /** The next answer is `OK` when the ticket is committed, and `ERR` when it has failed. */
  addAppend(ticket: CommitTicket): void {
    this.#pendingCount += 1
    const last = this.#places.at(-1)
    if (last?.ticket === ticket) {
      last.count += 1
      return
    }
    this.#places.push({ ticket, count: 1, frames: undefined })
    ticket.onSettled(this.#flush)
  }

  /** The next answer is there already. */
  addFrames(frames: Uint8Array): void {
    this.#pendingCount += 1
    this.#places.push({ ticket: undefined, count: 1, frames })
    if (this.#places.length - this.#head === 1) this.#flush()
  }

  /** The next answer is what the promise resolves to; it must not reject. */
  addLater(frames: Promise<Uint8Array>): void {
    this.#pendingCount += 1
    const place: Place = { ticket: undefined, count: 1, frames: undefined }
    this.#places.push(place)
    void frames.then((ready) => {
      place.frames = ready
      this.#flush()
    })
  }

  /** Calls back once when nothing is pending; at once if so. */
  whenIdle(listener: () => void): void {
    if (this.#pendingCount === 0) listener()
    else this.#idleListeners.push(listener)
  }

  /** Nothing leaves any more; what is pending still counts down. */
  close(): void {
    this.#closed = true
  }

  readonly #flush = (): void => {
    for (let place = this.#places[this.#head]; place !== undefined; place = this.#places[this.#head]) {
      const frames = answerOf(place)
      if (frames === undefined) break
      this.#head += 1
      this.#pendingCount -= place.count
      if (!this.#closed) this.#sink.send(frames)
    }
    this.#forgetPlaces()
    if (this.#pendingCount === 0) this.#tellIdle()
  }

  #forgetPlaces(): void {
    if (this.#head < this.#places.length && this.#head < GONE_PLACES_MAX) return
    this.#places = this.#places.slice(this.#head)
    this.#head = 0
  }

  #tellIdle(): void {
    const listeners = this.#idleListeners
    if (listeners.length === 0) return
    this.#idleListeners = []
    for (const listener of listeners) listener()
  }
}

/** Either a run of appends or one answer of another kind. */
interface Place {
  readonly ticket: CommitTicket | undefined
  /** Requests that this place answers. */
  count: number
  /** Without a ticket: the answer, once it is there. */
  frames: Uint8Array | undefined
}

function answerOf({ ticket, count, frames }: Place): Uint8Array | undefined {
  if (ticket === undefined) return frames
  if (ticket.state === 'pending') return undefined
  return ticket.state === 'committed' ? okFrames(count) : repeat(errorFrame(errorMessageOf(ticket.error)), count)
}

function repeat(frame: Uint8Array, count: number): Uint8Array {
  const frames = new Uint8Array(frame.length * count)
  for (let at = 0; at < count; at += 1) frames.set(frame, at * frame.length)
  return frames
}

const GONE_PLACES_MAX = 1024
