import { MemoryLog, MemoryLogStore } from '@walrus/raft'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openLevelRaftLog } from '../level-raft-log.js'
import { describeLog, drawFrom, nextOperation, perform, type Draw } from './workload.js'

export interface KillCycles {
  readonly directory: string
  readonly seed: number
  readonly cycles: number
}

/**
 * Kills a writing process again and again, and compares what is found with a log in memory that did the same steps. One step
 * may have been under way: it is there whole or not at all. Returns how many steps were done; throws at the first difference.
 */
export async function runKillCycles({ directory, seed, cycles }: KillCycles): Promise<number> {
  const model = new MemoryLogStore(new MemoryLog())
  const draw = drawFrom(seed)
  let steps = 0
  for (let cycle = 0; cycle < cycles; cycle++) {
    const cycleSeed = draw(2 ** 31)
    const done = await writeUntilKilled(directory, cycleSeed, 1 + draw(60))
    const again = drawFrom(cycleSeed)
    for (let step = 0; step < done; step++) await perform(model, nextOperation(model, again))
    steps += done + (await agree(directory, model, again, `seed ${seed}, cycle ${cycle}, ${done} steps`))
  }
  return steps
}

/** 1 when the step that was under way is there, else 0. */
async function agree(directory: string, model: MemoryLogStore, draw: Draw, when: string): Promise<number> {
  const store = await openLevelRaftLog({ directory, nodeId: 1 })
  const found = await describeLog(store)
  await store.close()
  const expected = await describeLog(model)
  if (found === expected) return 0
  await perform(model, nextOperation(model, draw))
  const orElse = await describeLog(model)
  if (found !== orElse) throw new Error(`${when}: found ${found}, expected ${expected} or ${orElse}`)
  return 1
}

/** How many steps the process said were done. */
async function writeUntilKilled(directory: string, seed: number, stepsMin: number): Promise<number> {
  const script = fileURLToPath(new URL('./writer.js', import.meta.url))
  const child = spawn(process.execPath, [script, directory, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (doneIn(output) >= stepsMin) child.kill('SIGKILL')
  })
  const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)))
  if (signal !== 'SIGKILL') throw new Error(`The writer with seed ${seed} ended by itself: ${errors}`)
  return doneIn(output)
}

function doneIn(output: string): number {
  return output.split('done\n').length - 1
}
