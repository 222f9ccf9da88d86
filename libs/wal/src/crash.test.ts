import { FaultyDisk, randomBelow, seededRandom, stopAtBoundary, type Random } from '@walrus/testing'
import { expect } from 'chai'
import {
  checkRecovered,
  ModelledCaller,
  resumeReading,
  topicModel,
  type CrashModel,
  type Promises,
} from './crash-model.test.js'
import { damageIn, openWalrus, problemList, turnsOfTheLoop } from './harness.test.js'
import type { WalrusOptions } from './walrus-options.js'
import type { Walrus } from './walrus.js'

/*
 * A scripted run is stopped at every point at which the disk is touched, and the power goes. Of what was not synced each
 * sector is lost, kept, or left in any version it had. Then the directory is opened again, compared with what the caller
 * was told, written to once more, stopped once more, and compared again.
 */

const TOPICS = ['alpha', 'beta', 'gamma']
const OUTCOMES_PER_BOUNDARY = 2

interface Scenario extends Promises {
  readonly name: string
  readonly seed: number
  readonly settings: Partial<Omit<WalrusOptions, 'directory'>>
  /** Old entries are given up now and then, and so whole segments are removed. */
  readonly truncates?: boolean
}

const TINY = { segmentBytesMax: 6000, batchBytesMax: 1200 }
const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a sync for each append, strict cursors',
    seed: 1,
    durable: true,
    persistEvery: 0,
    settings: { ...TINY, consistency: { kind: 'StrictlyAtOnce' } },
  },
  {
    name: 'a sync for each append, cursors at least once in three',
    seed: 2,
    durable: true,
    persistEvery: 3,
    settings: { ...TINY, consistency: { kind: 'AtLeastOnce', persistEvery: 3 } },
  },
  {
    name: 'a sync now and then',
    seed: 3,
    durable: false,
    persistEvery: 0,
    settings: { ...TINY, fsync: { kind: 'interval', milliseconds: 1000 } },
  },
  {
    name: 'a sync for each append, old entries given up',
    seed: 5,
    durable: true,
    persistEvery: 0,
    truncates: true,
    settings: TINY,
  },
  {
    name: 'no sync',
    seed: 4,
    durable: false,
    persistEvery: 0,
    settings: { ...TINY, fsync: { kind: 'none' } },
  },
  {
    name: 'no sync, old entries given up',
    seed: 6,
    durable: false,
    persistEvery: 0,
    truncates: true,
    settings: { ...TINY, fsync: { kind: 'none' } },
  },
]

describe('crashes', function () {
  this.timeout(120_000)
  for (const scenario of SCENARIOS) {
    it(`keeps its promises at every boundary: ${scenario.name}`, async () => {
      const boundaryCount = await countBoundaries(scenario)
      expect(boundaryCount, 'the script touches the disk').to.be.greaterThan(80)
      for (let boundary = 1; boundary <= boundaryCount; boundary++)
        for (let outcome = 0; outcome < OUTCOMES_PER_BOUNDARY; outcome++)
          await crashAt({ scenario, boundary, seed: boundary * OUTCOMES_PER_BOUNDARY + outcome })
    })
  }
})

interface Crash {
  readonly scenario: Scenario
  readonly boundary: number
  readonly seed: number
}

async function countBoundaries(scenario: Scenario): Promise<number> {
  const disk = new FaultyDisk()
  await runScript(disk, new Map(), scenario, seededRandom(scenario.seed))
  return disk.boundaryCount
}

async function crashAt({ scenario, boundary, seed }: Crash): Promise<void> {
  try {
    await crashTwice({ scenario, boundary, seed })
  } catch (error) {
    throw new Error(`${scenario.name}: boundary ${boundary}, seed ${seed}: ${String(error)}`, { cause: error })
  }
}

async function crashTwice({ scenario, boundary, seed }: Crash): Promise<void> {
  const random = seededRandom(seed)
  const model: CrashModel = new Map()
  const first = new FaultyDisk({ onOperation: stopAtBoundary(boundary) })
  await untilStopped(first, runScript(first, model, scenario, seededRandom(scenario.seed)))
  expect(await damageIn(first.crash(outcomeOf(seededRandom(seed)))), 'a crash is no damage').to.deep.equal([])
  const second = first.crash(outcomeOf(random), { onOperation: stopAtBoundary(1 + randomBelow(random, 60)) })
  await untilStopped(second, goOn(second, model, scenario, random))
  const third = second.crash(outcomeOf(random))
  expect(await damageIn(third), 'a crash is no damage').to.deep.equal([])
  const { problems, onProblem } = problemList()
  const walrus = await openWalrus(third, { ...scenario.settings, onProblem })
  await checkRecovered(walrus, model, scenario)
  expect(problems, 'a crash is no damage').to.deep.equal([])
  await walrus.close()
}

/** Recovers, compares, and writes on; the power may go at any time. */
async function goOn(disk: FaultyDisk, model: CrashModel, scenario: Scenario, random: Random): Promise<void> {
  const { problems, onProblem } = problemList()
  const walrus = await openWalrus(disk, { ...scenario.settings, onProblem })
  await checkRecovered(walrus, model, scenario)
  expect(problems, 'a crash is no damage').to.deep.equal([])
  await resumeReading(walrus, model)
  await runSteps(walrus, model, random, { stepCount: 6, truncates: scenario.truncates ?? false })
  await walrus.close()
}

/** Waits for the end of the run or of the power, whichever comes first, and for what the caller can still hear. */
async function untilStopped(disk: FaultyDisk, run: Promise<void>): Promise<void> {
  await Promise.race([run, disk.stopped])
  await turnsOfTheLoop(3)
}

/** All of it reached the disk, nothing did, or each sector by itself. */
function outcomeOf(random: Random): Random {
  const kind = random()
  if (kind < 0.1) return () => 0
  return kind < 0.2 ? () => 0.999999 : random
}

async function runScript(disk: FaultyDisk, model: CrashModel, scenario: Scenario, random: Random): Promise<void> {
  const truncates = scenario.truncates ?? false
  const walrus = await openWalrus(disk, scenario.settings)
  await runSteps(walrus, model, random, { stepCount: 14, truncates })
  await walrus.close()
  const again = await openWalrus(disk, scenario.settings)
  await runSteps(again, model, random, { stepCount: 8, truncates })
  await again.close()
  for (const known of model.values()) known.syncedCount = known.attempted.length
}

interface Steps {
  readonly stepCount: number
  readonly truncates: boolean
}

/** Steps of several calls at once, so that commits have many members. */
async function runSteps(walrus: Walrus, model: CrashModel, random: Random, of: Steps): Promise<void> {
  const caller = new ModelledCaller(walrus, model)
  const { stepCount, truncates } = of
  for (let step = 0; step < stepCount; step++) {
    const calls = Array.from({ length: 1 + randomBelow(random, 5) }, () => callAtRandom(caller, model, random))
    await Promise.all(calls)
    if (random() < 0.2) await caller.sync()
    if (truncates && random() < 0.4) await caller.truncate('alpha')
  }
}

function callAtRandom(caller: ModelledCaller, model: CrashModel, random: Random): Promise<void> {
  const topic = TOPICS[randomBelow(random, TOPICS.length)] ?? 'alpha'
  const kind = random()
  if (kind < 0.4) return caller.append(topic, entryAtRandom(model, topic, random))
  if (kind < 0.65) return caller.appendBatch(topic, batchAtRandom(model, topic, random))
  if (kind < 0.9) return caller.readBatch(topic, 1)
  return caller.readBatch(topic, 4)
}

/** Unlike any other entry of the run. */
function entryAtRandom(model: CrashModel, topic: string, random: Random, nth = 0): string {
  const label = `${topic} ${topicModel(model, topic).attempted.length + nth} ${Math.floor(random() * 1e9)} `
  return label.padEnd(randomBelow(random, 900), String.fromCharCode(97 + randomBelow(random, 26)))
}

function batchAtRandom(model: CrashModel, topic: string, random: Random): string[] {
  const count = 1 + randomBelow(random, random() < 0.2 ? 16 : 4)
  return Array.from({ length: count }, (_, nth) => entryAtRandom(model, topic, random, nth))
}
