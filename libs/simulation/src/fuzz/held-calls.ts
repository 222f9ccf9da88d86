import type { BlockFile, BlockFileDirectory } from '@walrus/core'
import type { DiskFault, DiskOperation, Random, Verdict } from '@walrus/testing'
import { oneOf } from '../plan/random-choice.js'
import type { DiskPlan } from '../plan/seed-plan.js'
import type { Trace } from './trace.js'

interface Held {
  readonly what: string
  readonly goOn: () => void
}

/** Decides at each boundary of the disk whether the call waits, fails, or goes on; what waits goes on in any order. */
export class HeldCalls {
  readonly #random: Random
  readonly #plan: DiskPlan
  readonly #trace: Trace
  #held: Held[] = []
  #faultsLeft = 0
  #faultCount = 0
  /** When false, every call goes on at once. */
  holding = true
  /** A sync has failed since all was last known durable: set here, and taken back by whoever knows. */
  syncFailed = false

  constructor(random: Random, plan: DiskPlan, trace: Trace) {
    this.#random = random
    this.#plan = plan
    this.#trace = trace
  }

  get count(): number {
    return this.#held.length
  }

  /** Faults since the life began. */
  get faultCount(): number {
    return this.#faultCount
  }

  /** False when nothing failed in this life, and nothing will. */
  get faultsPossible(): boolean {
    return this.#faultsLeft > 0 || this.#faultCount > 0
  }

  /** A new life: what was held never goes on. */
  reset(faults: number): void {
    this.#held = []
    this.#faultsLeft = faults
    this.#faultCount = 0
    this.holding = true
  }

  readonly decide = (operation: DiskOperation): Verdict | Promise<Verdict> => {
    const fault = this.#faultFor(operation)
    const waiting = this.hold(() => `${operation.kind} ${operation.nth} of ${operation.file}, ${operation.moment}`)
    return waiting ? waiting.then(() => fault) : fault
  }

  /** A promise to wait for, or undefined. */
  hold(what: () => string): Promise<void> | undefined {
    if (!this.holding || this.#random() >= this.#plan.holdChance) return undefined
    return new Promise((goOn) => this.#held.push({ what: what(), goOn }))
  }

  /** Lets one call go on. */
  release(): void {
    const [one] = this.#held.splice(Math.floor(this.#random() * this.#held.length), 1)
    if (!one) return
    this.#trace.add(() => `disk: ${one.what}`)
    one.goOn()
  }

  /** The directory, with reads that wait as well. */
  slow(directory: BlockFileDirectory): BlockFileDirectory {
    const slow = (file: BlockFile): BlockFile => this.#slowFile(file)
    return {
      path: directory.path,
      list: () => directory.list(),
      create: async (name, sizeBytes) => slow(await directory.create(name, sizeBytes)),
      open: async (name) => slow(await directory.open(name)),
      remove: (name) => directory.remove(name),
      close: () => directory.close(),
    }
  }

  #slowFile(file: BlockFile): BlockFile {
    return {
      name: file.name,
      sizeBytes: file.sizeBytes,
      supports: file.supports,
      write: (parts, position, durable) => {
        this.#trace.add(
          () => `disk: ${file.name} ${durable ? 'durable ' : ''}write of ${lengthOf(parts)} bytes at ${position}`,
        )
        return file.write(parts, position, durable)
      },
      sync: () => {
        this.#trace.add(() => `disk: ${file.name} sync`)
        return file.sync()
      },
      read: async (position, length) => {
        await this.hold(() => `read of ${file.name}, before`)
        const bytes = await file.read(position, length)
        await this.hold(() => `read of ${file.name}, after`)
        return bytes
      },
      close: () => file.close(),
    }
  }

  #faultFor({ kind, moment, nth, file }: DiskOperation): DiskFault | undefined {
    if (this.#faultsLeft === 0 || moment !== 'before' || this.#random() >= this.#plan.faultChance) return undefined
    this.#faultsLeft -= 1
    this.#faultCount += 1
    if (kind !== 'write') this.syncFailed = true
    const fault = oneOf<DiskFault>(this.#random, ['EIO', 'ENOSPC'])
    this.#trace.add(() => `disk: ${kind} ${nth} of ${file} fails with ${fault}`)
    return fault
  }
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}
