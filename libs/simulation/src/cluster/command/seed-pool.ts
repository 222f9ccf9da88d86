import { Worker } from 'node:worker_threads'
import type { ClusterSeedResult } from '../run-cluster-seed.js'

/** One run, for a thread. */
export interface SeedJob {
  readonly seed: number
  readonly sabotage?: string
  readonly recording?: boolean
  readonly faultsMax?: number
  readonly without?: readonly number[]
  /** The file into which each step of the protocol goes. */
  readonly trace?: string
}

/** Threads that run seeds, each one after the other. A run that hangs or kills its thread has failed. */
export class SeedPool {
  readonly #workers: Worker[] = []

  /** Runs what `nextJob` gives on so many threads until it gives nothing more; tells of each result. */
  async runAll(
    threads: number,
    nextJob: () => SeedJob | undefined,
    onResult: (result: ClusterSeedResult) => void,
  ): Promise<void> {
    await Promise.all(
      Array.from({ length: threads }, async () => {
        let worker = this.#start()
        for (let job = nextJob(); job !== undefined; job = nextJob()) {
          const outcome = await runOn(worker, job)
          if (outcome.isThreadLost) {
            await worker.terminate()
            worker = this.#start()
          }
          onResult(outcome.result)
        }
        await worker.terminate()
      }),
    )
  }

  /** One run, on a thread of its own. */
  async runOne(job: SeedJob): Promise<ClusterSeedResult> {
    let jobs: readonly SeedJob[] = [job]
    let found: ClusterSeedResult | undefined
    const next = (): SeedJob | undefined => {
      const [first] = jobs
      jobs = []
      return first
    }
    await this.runAll(1, next, (result) => (found = result))
    return found ?? lost(job, 'it gave no result')
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #start(): Worker {
    const worker = new Worker(new URL('./seed-worker.js', import.meta.url))
    this.#workers.push(worker)
    return worker
  }
}

interface JobOutcome {
  readonly result: ClusterSeedResult
  readonly isThreadLost: boolean
}

function runOn(worker: Worker, job: SeedJob): Promise<JobOutcome> {
  return new Promise((resolve) => {
    const fail = (reason: string): void => settle({ result: lost(job, reason), isThreadLost: true })
    const onMessage = (result: ClusterSeedResult): void => settle({ result, isThreadLost: false })
    const onError = (error: unknown): void =>
      fail(error instanceof Error ? (error.stack ?? error.message) : String(error))
    const watchdog = setTimeout(() => fail(`it takes more than ${HANGS_AFTER_MS / 1000} s`), HANGS_AFTER_MS)
    const settle = (outcome: JobOutcome): void => {
      clearTimeout(watchdog)
      worker.off('message', onMessage)
      worker.off('error', onError)
      resolve(outcome)
    }
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.postMessage(job)
  })
}

function lost({ seed }: SeedJob, failure: string): ClusterSeedResult {
  return { seed, failure, hash: '', lines: [], simulatedMs: 0, faultCount: 0, acknowledged: 0 }
}

const HANGS_AFTER_MS = 60_000
