import { systemError } from '@walrus/adapters-fs'
import { constants } from 'node:os'
import type { RingAddon } from './ring-addon.js'

/** Requests under way at once; more wait their turn, in order. */
export const RING_CAPACITY = 256

const { EAGAIN, EBUSY } = constants.errno

/** One asynchronous call. */
interface Call {
  readonly name: string
  /** Queues it; -1 when the ring has no room. */
  readonly queue: () => number
  readonly resolve: (result: number) => void
  readonly reject: (error: unknown) => void
}

/** System calls by an io_uring. All that are made in one turn of JavaScript go to the kernel in one call. */
export class Ring {
  readonly #addon: RingAddon
  /** By request. */
  readonly #underWay: (Call | undefined)[] = []
  readonly #results = new Int32Array(2 * RING_CAPACITY)
  #waiting: Call[] = []
  #submitIsDue = false

  private constructor(addon: RingAddon) {
    this.#addon = addon
  }

  /** The ring of this thread, or the errno of the system that refuses it. */
  static open(addon: RingAddon): Ring | { readonly errno: number } {
    const ring = new Ring(addon)
    const failure = addon.open(RING_CAPACITY, ring.#results, (count) => ring.#complete(count))
    return failure === 0 ? ring : { errno: -failure }
  }

  /** Resolves with the bytes written, which may be fewer than asked. */
  write(descriptor: number, parts: readonly Uint8Array[], position: number): Promise<number> {
    const kept = parts.slice()
    return this.#call('write', () => this.#addon.write(descriptor, kept, position))
  }

  /** Fills `bytes` from its start. Resolves with the bytes read; 0 is the end of the file. */
  read(descriptor: number, bytes: Uint8Array, position: number): Promise<number> {
    return this.#call('read', () => this.#addon.read(descriptor, bytes, position))
  }

  /** The file's bytes are on stable storage when it resolves. */
  async syncData(descriptor: number): Promise<void> {
    await this.#call('fdatasync', () => this.#addon.syncData(descriptor))
  }

  /** The file is at least so long, and has the space of that length, when it resolves. */
  async reserve(descriptor: number, sizeBytes: number): Promise<void> {
    await this.#call('fallocate', () => this.#addon.reserve(descriptor, sizeBytes))
  }

  #call(name: string, queue: () => number): Promise<number> {
    return new Promise((resolve, reject) => this.#start({ name, queue, resolve, reject }))
  }

  #start(call: Call): void {
    if (this.#waiting.length > 0 || !this.#begin(call)) this.#waiting.push(call)
  }

  /** False when the ring has no room. */
  #begin(call: Call): boolean {
    try {
      const request = call.queue()
      if (request < 0) return false
      this.#underWay[request] = call
      this.#submitSoon()
    } catch (thrown) {
      call.reject(thrown)
    }
    return true
  }

  #submitSoon(): void {
    if (this.#submitIsDue) return
    this.#submitIsDue = true
    queueMicrotask(() => this.#submit())
  }

  #submit(): void {
    this.#submitIsDue = false
    const failure = this.#addon.submit()
    if (failure === -EAGAIN || failure === -EBUSY) this.#submitLater()
    else if (failure !== 0) this.#giveUpQueued(-failure)
  }

  /** The system is short of memory: what is queued stays so until the next turn of the loop. */
  #submitLater(): void {
    this.#submitIsDue = true
    setImmediate(() => this.#submit())
  }

  #giveUpQueued(errno: number): void {
    for (let request = this.#addon.unqueue(); request >= 0; request = this.#addon.unqueue())
      this.#settle(request, -errno)
    this.#beginWaiting()
  }

  #complete(count: number): void {
    for (let at = 0; at < 2 * count; at += 2) this.#settle(this.#results[at], this.#results[at + 1])
    this.#beginWaiting()
  }

  #settle(request = -1, result = 0): void {
    const call = this.#underWay[request]
    this.#underWay[request] = undefined
    if (result >= 0) call?.resolve(result)
    else if (result === -EAGAIN) setImmediate(() => call && this.#start(call))
    else call?.reject(systemError(-result, call.name))
  }

  #beginWaiting(): void {
    const refused = this.#waiting.findIndex((call) => !this.#begin(call))
    this.#waiting = refused < 0 ? [] : this.#waiting.slice(refused)
  }
}
