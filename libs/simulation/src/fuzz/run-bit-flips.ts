import { randomBelow, SECTOR_BYTES, type Random } from '@walrus/testing'
import { between, streamOf } from '../plan/random-choice.js'
import { planSeed, type EnginePlan, type SeedPlan } from '../plan/seed-plan.js'
import { checkDamage, type BitFlip } from './check-damage.js'
import { checkRecovery } from './check-recovery.js'
import type { Machine } from './machine.js'
import { play, type RunOptions, type SeedResult } from './scenario.js'
import { step, waitForInterval } from './schedule.js'

/** Runs a seed without faults, turns over bits of what is durable, and compares what is read then. */
export function runBitFlips(seed: number, options: RunOptions = {}): Promise<SeedResult> {
  return play(calm(planSeed(seed)), options, async (machine) => {
    const { random } = machine.world
    for (let life = between(random, 1, 2); life > 0; life -= 1) await live(machine)
    const restsAsClosed = await end(machine)
    const flips = turnBits(machine, streamOf(seed, 5))
    await checkDamage(machine, { flips, restsAsClosed })
  })
}

/** No other trouble than what turns over, and nothing that is dropped: so that each complaint, and each gap, is about that. */
function calm(plan: SeedPlan): SeedPlan {
  const disk = { ...plan.disk, faultsPerLifeMax: 0, strayChance: 0, spaceBytes: Infinity }
  return { ...plan, surface: 'library', disk, engine: withoutRetention(plan.engine) }
}

function withoutRetention(plan: EnginePlan): EnginePlan {
  const { fsync, consistency, blockBytes, fileBytes, batchBytesMax, segmentBytesMax } = plan
  return { fsync, consistency, blockBytes, fileBytes, batchBytesMax, segmentBytesMax }
}

async function live(machine: Machine): Promise<void> {
  const stage = await machine.openForSure()
  await checkRecovery(stage)
  const { random, plan } = machine.world
  for (let steps = between(random, 5, plan.stepsPerLifeMax); steps > 0; steps -= 1) await step(stage)
  machine.losePower()
}

/** True when all was closed; else the power went while all was at rest. */
async function end(machine: Machine): Promise<boolean> {
  const { random, plan } = machine.world
  const stage = await machine.openForSure()
  await checkRecovery(stage)
  for (let steps = between(random, 5, plan.stepsPerLifeMax); steps > 0; steps -= 1) await step(stage)
  await waitForInterval(stage)
  const closed = plan.engine.fsync.kind !== 'each' || random() < 0.5
  if (closed) await machine.close(stage)
  machine.losePower()
  return closed
}

function turnBits(machine: Machine, random: Random): readonly BitFlip[] {
  const { disk, world } = machine
  const names = disk.fileNames
  const flips = Array.from({ length: names.length === 0 ? 0 : between(random, 1, 3) }, () => {
    const file = names[randomBelow(random, names.length)] ?? ''
    const contents = disk.contents(file) ?? new Uint8Array()
    return { file, position: usedPosition(random, contents), bit: randomBelow(random, 8) }
  })
  for (const { file, position, bit } of flips) {
    world.trace.add(() => `bit ${bit} of byte ${position} of ${file} turns over`)
    disk.flipBit(file, position, bit)
  }
  return flips
}

/** A byte of a sector that holds something, if one is found soon. */
function usedPosition(random: Random, contents: Uint8Array): number {
  const sectorCount = contents.length / SECTOR_BYTES
  let position = 0
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const start = randomBelow(random, random() < 0.3 ? Math.min(16, sectorCount) : sectorCount) * SECTOR_BYTES
    position = start + randomBelow(random, SECTOR_BYTES)
    if (contents.subarray(start, start + SECTOR_BYTES).some((byte) => byte !== 0)) break
  }
  return position
}
