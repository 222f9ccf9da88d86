import { reasonOf, WalrusError } from '@walrus/core'
import type { ManualClock, Random } from '@walrus/testing'
import { TopicModel } from '../model/topic-model.js'
import { Violation } from '../model/violation.js'
import type { Payloads } from '../plan/payload.js'
import type { SeedPlan } from '../plan/seed-plan.js'
import type { Subject } from '../subject/subject.js'
import type { HeldCalls } from './held-calls.js'
import type { Trace } from './trace.js'

/** What a run keeps from life to life. */
export interface World {
  readonly plan: SeedPlan
  readonly random: Random
  readonly trace: Trace
  readonly payloads: Payloads
  readonly calls: HeldCalls
  readonly topics: Map<string, TopicModel>
}

/** What becomes of a call, for the model. */
export interface Outcome<T> {
  /** What is called, for the trace. */
  readonly what: () => string
  readonly ok: (value: T) => void
  readonly failed: () => void
}

/** One life of the engine, from an open to a crash or a close: the calls under way, and what is allowed to go wrong. */
export class Stage {
  readonly world: World
  readonly subject: Subject
  readonly clock: ManualClock
  readonly problems: readonly Error[]
  #pendingCount = 0
  #callCount = 0
  #broken: unknown
  closing = false

  constructor(world: World, life: { subject: Subject; clock: ManualClock; problems: readonly Error[] }) {
    this.world = world
    this.subject = life.subject
    this.clock = life.clock
    this.problems = life.problems
  }

  get pendingCount(): number {
    return this.#pendingCount
  }

  topic(name: string): TopicModel {
    const known = this.world.topics.get(name)
    if (known) return known
    const made = new TopicModel(name, this.world.plan.engine.consistency)
    this.world.topics.set(name, made)
    return made
  }

  /** Follows a call to its end. */
  follow<T>(call: Promise<T>, outcome: Outcome<T>): void {
    const { trace } = this.world
    this.#pendingCount += 1
    this.#callCount += 1
    const id = this.#callCount
    trace.add(() => `call ${id}: ${outcome.what()}`)
    const settled = (effect: () => void): void => {
      this.#pendingCount -= 1
      this.#guard(effect)
    }
    call.then(
      (value) => settled(() => (trace.add(() => `  call ${id} resolved${inWords(value)}`), outcome.ok(value))),
      (error: unknown) =>
        settled(() => (trace.add(() => `  call ${id} failed: ${reasonOf(error)}`), this.#fail(error, outcome))),
    )
  }

  /** Lets everybody hear what there is to hear, and compares. */
  async settle(): Promise<void> {
    await turnOfTheLoop()
    if (this.#broken !== undefined) throw this.#broken
    for (const topic of this.world.topics.values()) topic.compare()
    this.#noteDurable()
    this.#compareBounds()
    this.#compareProblems()
  }

  #fail<T>(error: unknown, { failed }: Outcome<T>): void {
    if (!this.#mayFailWith(error)) throw new Violation(`a call failed for no reason: ${inFull(error)}`)
    failed()
  }

  #mayFailWith(error: unknown): boolean {
    if (!(error instanceof WalrusError)) return false
    if (error.code === 'STORAGE_CLOSED') return this.closing
    if (error.code === 'DISK_FULL' && this.world.plan.disk.spaceBytes < Infinity) return true
    return this.world.calls.faultCount > 0 && ['DISK_FULL', 'IO_FAILED', 'FILE_FAILED'].includes(error.code)
  }

  /** A sector that went astray into a slot which was never used is damage for all that the engine can know. */
  isStray(problem: Error): boolean {
    if (this.world.plan.disk.strayChance === 0) return false
    return /: the slot of block \d+ at byte \d+ is damaged$/.test(problem.message)
  }

  #guard(effect: () => void): void {
    try {
      effect()
    } catch (error) {
      this.#broken ??= error
    }
  }

  /** With a sync for each append, whatever was acked is durable. */
  #noteDurable(): void {
    if (this.world.plan.engine.fsync.kind !== 'each') return
    for (const topic of this.world.topics.values()) topic.noteDurable(topic.mark())
  }

  #compareBounds(): void {
    for (const topic of this.world.topics.values()) {
      if (topic.shrinking || topic.ahead) continue
      const { startOffset, endOffset } = this.subject.bounds(topic.name)
      if (startOffset === topic.startOffset && endOffset === topic.endOffset) continue
      const expected = `${topic.startOffset} to ${topic.endOffset}`
      throw new Violation(
        `topic ${topic.name} goes from ${startOffset} to ${endOffset}, its acked entries from ${expected}`,
      )
    }
  }

  /** Problems that nothing in the world accounts for are violations. */
  #compareProblems(): void {
    const unexpected = this.problems.find((problem) => !this.#mayFailWith(problem) && !this.isStray(problem))
    if (unexpected) throw new Violation(`a problem was reported for no reason: ${inFull(unexpected)}`)
  }
}

/** All that was ready has run. */
export function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function inWords(value: unknown): string {
  if (typeof value === 'number') return ` with ${value}`
  return Array.isArray(value) ? ` with ${value.length} entries${offsetsOf(value)}` : ''
}

function inFull(error: unknown): string {
  const stack = error instanceof WalrusError || !(error instanceof Error) ? undefined : error.stack
  return stack ?? (error instanceof WalrusError ? `${error.code}: ${error.message}` : String(error))
}

function offsetsOf(entries: readonly { readonly offset?: number }[]): string {
  return entries.length === 0 ? '' : `, from ${entries[0]?.offset} to ${entries.at(-1)?.offset}`
}
