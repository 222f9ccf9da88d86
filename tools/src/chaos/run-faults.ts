import { setTimeout as delay } from 'node:timers/promises'
import { describeFault, type FaultRecord } from './fault-log.js'
import { inject, type World } from './inject.js'
import type { PlannedFault, Round } from './plan.js'

export interface RunFaultsOptions {
  readonly world: World
  readonly rounds: Iterator<Round, never>
  /** No round begins afterwards, and those faults end that last. */
  readonly stop: AbortSignal
  /** Milliseconds since the run began. */
  readonly now: () => number
  readonly faults: FaultRecord[]
  /** Hears of each fault as it begins. */
  readonly note: (line: string) => void
  /** Hears of what must not be. */
  readonly report: (violation: string) => void
}

/** Lets round after round happen until it is stopped; resolves when every fault has ended. */
export async function runFaults(options: RunFaultsOptions): Promise<void> {
  const { rounds, stop, world } = options
  while (!stop.aborted) {
    const round = rounds.next().value
    if (round.settled) await untilStopped(Promise.all(world.seats.map(({ ready }) => ready)), stop)
    await pause(round.calmMs, stop)
    if (!stop.aborted) await Promise.all(round.faults.map((planned) => runFault(planned, options)))
  }
}

async function runFault({ fault, beginMs, lastsMs }: PlannedFault, options: RunFaultsOptions): Promise<void> {
  const { world, stop, now, faults, note, report } = options
  await pause(beginMs, stop)
  if (stop.aborted) return
  const about = describeFault(
    fault,
    world.seats.map(({ id }) => id),
  )
  const record: FaultRecord = { fault, about, beginMs: now(), endMs: undefined }
  faults.push(record)
  note(`${(record.beginMs / 1000).toFixed(1).padStart(6)} s  ${about}${lastsMs > 0 ? `, ${lastsMs} ms` : ''}`)
  try {
    const end = await inject(fault, world)
    await pause(lastsMs, stop)
    await end()
  } catch (error) {
    report(`${about}: ${error instanceof Error ? error.message : String(error)}`)
  }
  record.endMs = now()
}

/** Ends early, and quietly, when it is stopped. */
async function pause(durationMs: number, stop: AbortSignal): Promise<void> {
  await delay(durationMs, undefined, { signal: stop }).catch(() => undefined)
}

async function untilStopped(done: Promise<unknown>, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return
  await Promise.race([done, new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))])
}
