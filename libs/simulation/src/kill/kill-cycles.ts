import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { seededRandom, type Random } from '@walrus/testing'
import { Violation } from '../model/violation.js'
import { between, oneOf } from '../plan/random-choice.js'
import { Judge } from './judge.js'
import { ReportLines, type Report } from './report.js'
import { CALLS_PER_LIFE_MAX, type VictimOrder } from './victim-plan.js'

const SCRIPT = fileURLToPath(new URL('./victim.js', import.meta.url))

export interface KillCycles {
  /** A directory of their own, which is there. */
  readonly path: string
  readonly backend: string
  readonly seed: number
  readonly kills: number
  /** Told after each kill. */
  readonly onKill?: (kills: number) => void
}

/** What came of it. */
export interface KillSummary {
  readonly kills: number
  /** Lives that found all as it must be; the others were killed before they had told. */
  readonly recoveries: number
  /** Calls whose success was told. */
  readonly ackedCalls: number
}

/**
 * Kills a process that uses the engine, again and again, at random moments; each that comes after it says what it finds. Throws a
 * `Violation` at the first thing that is not as was promised. What is done follows from the seed, the moments do not quite.
 */
export async function runKillCycles({ path, backend, seed, kills, onKill }: KillCycles): Promise<KillSummary> {
  const random = seededRandom(seed)
  const judge = new Judge()
  for (let kill = 0; kill <= kills; kill += 1) {
    const isLast = kill === kills
    const order = { path, backend, seed: seed * 1009 + kill, firstCall: kill * CALLS_PER_LIFE_MAX, isLast }
    await new Life(order, judge).live(isLast ? Infinity : reportsToHear(random))
    judge.died()
    onKill?.(Math.min(kill + 1, kills))
  }
  return { kills, recoveries: judge.lifeCount, ackedCalls: judge.ackedCount }
}

/** Mostly some way into its work; sometimes while it opens. */
function reportsToHear(random: Random): number {
  return between(random, 1, oneOf(random, [1, 30, 300, 3000]))
}

/** One process, from its start to its end, which always comes. */
class Life {
  readonly #order: VictimOrder
  readonly #judge: Judge
  readonly #lines = new ReportLines()
  #heard = 0
  #broken: unknown
  #closed = false

  constructor(order: VictimOrder, judge: Judge) {
    this.#order = order
    this.#judge = judge
  }

  async live(reportsMax: number): Promise<void> {
    const victim = spawn(process.execPath, [SCRIPT, JSON.stringify(this.#order)], { stdio: ['ignore', 'pipe', 'pipe'] })
    const kill = (): void => void victim.kill('SIGKILL')
    process.once('exit', kill)
    let errors = ''
    victim.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    victim.stdout.setEncoding('utf8')
    victim.stdout.on('data', (chunk: string) => {
      this.#hear(this.#lines.take(chunk))
      if (this.#heard >= reportsMax || this.#broken !== undefined) kill()
    })
    const [code, signal] = await new Promise<readonly [number | null, string | null]>((resolve) =>
      victim.on('close', (...end) => resolve(end)),
    )
    process.off('exit', kill)
    if (this.#broken !== undefined) throw this.#broken
    if (signal !== 'SIGKILL' && !this.#closed)
      throw new Violation(`the process ended by itself with ${code}: ${errors}`)
  }

  #hear(reports: readonly Report[]): void {
    for (const report of reports) {
      this.#heard += 1
      this.#closed ||= report.is === 'closed'
      try {
        if (this.#broken === undefined) this.#judge.hear(report)
      } catch (error) {
        this.#broken = error
      }
    }
  }
}
