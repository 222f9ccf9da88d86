import { nativeChecksum } from '@walrus/adapters-fs'
import type { BlockFileDirectory } from '@walrus/core'
import { FaultyDisk, ManualClock, type Random } from '@walrus/testing'
import { Violation } from '../model/violation.js'
import { Payloads } from '../plan/payload.js'
import { between, streamOf } from '../plan/random-choice.js'
import type { SeedPlan } from '../plan/seed-plan.js'
import { Catalogue } from '../subject/catalogue.js'
import { LibrarySubject } from '../subject/library-subject.js'
import { StorageSubject } from '../subject/storage-subject.js'
import type { Ground, Subject } from '../subject/subject.js'
import { HeldCalls } from './held-calls.js'
import { runToEnd } from './schedule.js'
import { Stage, turnOfTheLoop, type World } from './stage.js'
import type { Trace } from './trace.js'

/** Changes what the engine stands on, or what it does: a deliberate fault, to see that it is found. */
export interface Sabotage {
  readonly plan?: (plan: SeedPlan) => SeedPlan
  readonly ground?: (ground: Ground) => Ground
  readonly subject?: (subject: Subject) => Subject
}

/** A machine with a disk: the engine is opened on it, again and again, and loses power, is killed, or closes. */
export class Machine {
  readonly world: World
  readonly #sabotage: Sabotage
  readonly #catalogue = new Catalogue()
  readonly #diskRandom: Random
  #disk: FaultyDisk

  constructor(plan: SeedPlan, sabotage: Sabotage, trace: Trace) {
    const { seed, disk } = plan
    this.#sabotage = sabotage
    this.#diskRandom = streamOf(seed, 1)
    this.world = {
      plan: sabotage.plan?.(plan) ?? plan,
      random: streamOf(seed, 2),
      trace,
      payloads: new Payloads(streamOf(seed, 3), plan.entryBytesMax),
      calls: new HeldCalls(streamOf(seed, 4), disk, trace),
      topics: new Map(),
    }
    const { decide: onOperation } = this.world.calls
    const { spaceBytes, durableWrite, strayChance } = disk
    this.#disk = new FaultyDisk({ random: this.#diskRandom, spaceBytes, durableWrite, strayChance, onOperation })
  }

  /** Points at which the disk of this life could have been stopped so far. */
  get boundary(): number {
    return this.#disk.boundaryCount
  }

  get disk(): FaultyDisk {
    return this.#disk
  }

  losePower(): void {
    this.world.trace.add(() => `the power goes at boundary ${this.boundary}`)
    this.#disk = this.#disk.crash(this.#diskRandom, { onOperation: this.world.calls.decide })
  }

  kill(): void {
    this.world.trace.add(() => `the process dies at boundary ${this.boundary}`)
    this.#disk = this.#disk.kill({ onOperation: this.world.calls.decide })
  }

  /** Undefined when the power is to go before it is open, or when a fault kept it from opening. */
  async open(): Promise<Stage | undefined> {
    const { random, calls } = this.world
    const patience = random() < 0.15 ? between(random, 1, 12) : Infinity
    return this.#open(patience, () => calls.faultCount > 0)
  }

  /** Without faults and delays: nothing keeps it from opening. */
  async openForSure(): Promise<Stage> {
    this.world.calls.reset(0)
    this.world.calls.holding = false
    const stage = await this.#open(Infinity, () => false)
    if (!stage) throw new Violation('the engine does not open')
    return stage
  }

  /** True when it is closed cleanly: all that was acked is durable then, and nothing else is there. */
  async close(stage: Stage, patience = Infinity): Promise<boolean> {
    const { calls, topics, trace } = this.world
    stage.closing = true
    let closed = false
    stage.follow(stage.subject.close(), { what: () => 'close', ok: () => (closed = true), failed: () => undefined })
    await runToEnd(stage, patience)
    if (patience === Infinity && stage.pendingCount > 0)
      throw new Violation(`${stage.pendingCount} calls never settle after a close`)
    if (!closed || calls.faultCount > 0 || stage.problems.length > 0) return false
    trace.add(() => 'closed cleanly')
    for (const topic of topics.values()) {
      topic.noteDurable(topic.mark())
      topic.forgetFailed()
    }
    return true
  }

  async #open(patience: number, mayFail: () => boolean): Promise<Stage | undefined> {
    const { calls } = this.world
    const problems: Error[] = []
    const clock = new ManualClock()
    const opening = new Opening(this.#openSubject(await this.#disk.open(), clock, problems))
    for (let turn = 0; opening.isPending; turn += 1) {
      await turnOfTheLoop()
      if (turn >= patience) return undefined
      if (opening.isPending && calls.count + clock.deferredCount === 0) throw new Violation('the engine never opens')
      calls.release()
      clock.runDeferred()
    }
    if (opening.subject) return new Stage(this.world, { subject: opening.subject, clock, problems })
    if (mayFail() && !(opening.error instanceof Violation)) return undefined
    throw opening.error
  }

  async #openSubject(directory: BlockFileDirectory, clock: ManualClock, problems: Error[]): Promise<Subject> {
    const { engine, surface } = this.world.plan
    const onProblem = (error: Error): void => void problems.push(error)
    const slow = this.world.calls.slow(directory)
    const plain: Ground = { directory: slow, clock, checksum: nativeChecksum, engine, onProblem }
    const ground = this.#sabotage.ground?.(plain) ?? plain
    const library = surface === 'library'
    const subject = library ? await LibrarySubject.open(ground) : await StorageSubject.open(ground, this.#catalogue)
    return this.#sabotage.subject?.(subject) ?? subject
  }
}

/** An open under way, that may never end. */
class Opening {
  isPending = true
  subject: Subject | undefined
  error: unknown

  constructor(opening: Promise<Subject>) {
    opening.then(
      (subject) => {
        this.subject = subject
        this.isPending = false
      },
      (error: unknown) => {
        this.error = error
        this.isPending = false
      },
    )
  }
}
