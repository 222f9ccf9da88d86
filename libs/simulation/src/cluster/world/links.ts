import type { NodeId } from '@walrus/core'
import { randomBelow, type Random } from '@walrus/testing'
import type { WorldTrace } from './trace.js'
import type { WorldTime } from './world-time.js'

/** What the network does to what is sent from now on. */
export interface LinkFaults {
  /** Of a datagram; for a stream it means that the connection breaks. */
  readonly lossChance: number
  readonly duplicateChance: number
  /** Everything takes from 1 to this long. */
  readonly delayMsMax: number
}

export const NO_LINK_FAULTS: LinkFaults = { lossChance: 0, duplicateChance: 0, delayMsMax: 1 }

export interface LinksOptions {
  readonly time: WorldTime
  readonly random: Random
  readonly trace: WorldTrace
}

/** The network between the machines. What is on its way over a link that is cut when it arrives is lost. */
export class Links {
  faults: LinkFaults = NO_LINK_FAULTS
  readonly #time: WorldTime
  readonly #random: Random
  readonly #trace: WorldTrace
  readonly #cut = new Set<string>()
  readonly #slowMs = new Map<string, number>()
  readonly #lastArrivalMs = new Map<string, number>()

  constructor({ time, random, trace }: LinksOptions) {
    this.#time = time
    this.#random = random
    this.#trace = trace
  }

  /** In this direction only. */
  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(nameOf(from, to))
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cut.has(nameOf(from, to))
  }

  /** In this direction everything takes up to so much longer. */
  slow(from: NodeId, to: NodeId, milliseconds: number): void {
    this.#slowMs.set(nameOf(from, to), milliseconds)
  }

  heal(): void {
    this.#cut.clear()
    this.#slowMs.clear()
    this.faults = NO_LINK_FAULTS
  }

  /** Once, never, or twice, in any order. */
  carryDatagram(from: NodeId, to: NodeId, arrive: () => void): void {
    const { lossChance, duplicateChance } = this.faults
    const copies = this.#random() < duplicateChance ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#random() < lossChance) continue
      this.#time.after(this.#delayMs(from, to), () => this.#arrive(from, to, arrive))
    }
  }

  /** In order. False: the connection breaks now, and this is lost. */
  carryStream(from: NodeId, to: NodeId, arrive: () => void): boolean {
    if (this.#random() < this.faults.lossChance / 20) return false
    const link = nameOf(from, to)
    const arrivalMs = Math.max(this.#time.nowMs + this.#delayMs(from, to), this.#lastArrivalMs.get(link) ?? 0)
    this.#lastArrivalMs.set(link, arrivalMs)
    this.#time.after(arrivalMs - this.#time.nowMs, () => this.#arrive(from, to, arrive))
    return true
  }

  #arrive(from: NodeId, to: NodeId, arrive: () => void): void {
    if (this.isCut(from, to)) return
    this.#trace.note(this.#time.nowMs, from, to)
    arrive()
  }

  #delayMs(from: NodeId, to: NodeId): number {
    const slowMs = this.#slowMs.get(nameOf(from, to)) ?? 0
    return 1 + randomBelow(this.#random, this.faults.delayMsMax) + (slowMs > 0 ? randomBelow(this.#random, slowMs) : 0)
  }
}

function nameOf(from: NodeId, to: NodeId): string {
  return `${from}>${to}`
}
