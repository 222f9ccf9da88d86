import { setTimeout as delay } from 'node:timers/promises'
import { TestCluster } from '../cluster-test/test-cluster.js'
import type { FaultRecord } from './fault-log.js'
import type { World } from './inject.js'
import { startLoad } from './load.js'
import { planRounds } from './plan.js'
import { Recorder } from './recorder.js'
import { runFaults } from './run-faults.js'
import { summarize, type RunResult, type Verdict } from './run-result.js'
import { Seat } from './seat.js'
import { verify } from './verify.js'

export interface ChaosOptions {
  readonly seed: number
  readonly nodeCount: number
  readonly durationMs: number
  /** Entries each second, of all writers together. */
  readonly rate: number
  /** Further flags, for every broker. */
  readonly flags: readonly string[]
  readonly onProcess: (pid: number, running: boolean) => void
  /** Lines of the nodes' logs. */
  readonly onLine: (id: number, line: string) => void
  /** Tells what is going on, one line at a time. */
  readonly note: (line: string) => void
  /** Ends clients and faults early; what was done is checked all the same. */
  readonly stop: AbortSignal
}

/** A cluster under clients and faults; when it has healed, everything is read back and checked. */
export class ChaosRun {
  readonly #options: ChaosOptions
  readonly #cluster: TestCluster
  readonly #world: World
  readonly #recorder = new Recorder(TOPICS)
  readonly #startedAt = new Date().toISOString()
  readonly #faults: FaultRecord[] = []
  readonly #violations: string[] = []
  #loadMs: number | undefined

  private constructor(options: ChaosOptions, cluster: TestCluster) {
    this.#options = options
    this.#cluster = cluster
    const report = (violation: string) => this.#violate(violation)
    const seats = cluster.nodes.map((node) => new Seat(node, report))
    this.#world = { cluster, seats, quotaBytes: QUOTA_BYTES }
  }

  /** Resolves once the cluster is ready. */
  static async start(options: ChaosOptions): Promise<ChaosRun> {
    const { nodeCount, onProcess, onLine } = options
    const flags = [...FLAGS, ...options.flags]
    const spareCount = SPARES
    const cluster = await TestCluster.start({ nodeCount, spareCount, linked: true, flags, onProcess, onLine })
    return new ChaosRun(options, cluster)
  }

  /** Where the nodes store. */
  get folder(): string {
    return this.#cluster.folder
  }

  /** Works until the time is over or it is stopped, then checks. Resolves with all that is known. */
  async run(): Promise<RunResult> {
    try {
      for (const topic of TOPICS) await this.#cluster.ask(1, (client) => client.register(topic))
      await this.#work()
      const { note } = this.#options
      this.#violations.push(...(await verify({ world: this.#world, recorder: this.#recorder, note })))
    } catch (error) {
      this.#violate(error instanceof Error ? error.message : String(error))
    }
    return this.result(this.#violations.length === 0 ? 'held' : 'broken')
  }

  /** What is known by now. */
  result(verdict: Verdict): RunResult {
    const { seed, nodeCount } = this.#options
    return summarize({
      seed,
      nodeCount,
      startedAt: this.#startedAt,
      loadMs: this.#loadMs ?? this.#recorder.now(),
      verdict,
      violations: this.#violations,
      recorder: this.#recorder,
      faults: this.#faults,
    })
  }

  /** Ends all processes; with `keepData`, what they stored stays. */
  async end({ keepData }: { readonly keepData: boolean }): Promise<void> {
    for (const seat of this.#world.seats) seat.release()
    if (keepData) await this.#cluster.kill()
    else await this.#cluster.remove()
  }

  async #work(): Promise<void> {
    const { seed, rate, durationMs, nodeCount, note } = this.#options
    const { seats } = this.#world
    const stop = stopAfter(durationMs, this.#options.stop)
    const recorder = this.#recorder
    const endLoad = startLoad({ recorder, seed, rate, ports: () => seats.map(({ clientPort }) => clientPort) })
    await runFaults({
      world: this.#world,
      rounds: planRounds(seed, nodeCount),
      stop,
      now: () => recorder.now(),
      faults: this.#faults,
      note,
      report: (violation) => this.#violate(violation),
    })
    this.#loadMs = recorder.now()
    await inTime(endLoad(), CLIENTS_END_MS, 'Clients did not end')
  }

  #violate(violation: string): void {
    this.#violations.push(violation)
    this.#options.note(`✘ ${violation}`)
  }
}

/** Aborted when the time is over, or with the other one. */
function stopAfter(durationMs: number, other: AbortSignal): AbortSignal {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), durationMs)
  const abort = () => {
    clearTimeout(timer)
    stop.abort()
  }
  if (other.aborted) abort()
  other.addEventListener('abort', abort, { once: true })
  return stop.signal
}

async function inTime(done: Promise<void>, timeoutMs: number, otherwise: string): Promise<void> {
  const timer = new AbortController()
  const late = delay(timeoutMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${otherwise} within ${timeoutMs} ms`)
  })
  await Promise.race([done, late]).finally(() => timer.abort())
}

const TOPICS = ['alpha', 'beta', 'gamma']
/** How many nodes may be replaced: each has links to all others. */
const SPARES = 8
const QUOTA_BYTES = 64 * 1024 ** 3
const FLAGS = [
  // Small segments, and small files for them: leaders change and disks fill all the time.
  ['--max-segment-entries', '300'],
  ['--block-file-bytes', String(8 * 1024 * 1024)],
  ['--disk-quota-bytes', String(QUOTA_BYTES)],
  ['--monitor-check-ms', '500'],
  ['--request-timeout-ms', '4000'],
].flat()
/** Longer than any call of a client, with its repetitions. */
const CLIENTS_END_MS = 60_000
