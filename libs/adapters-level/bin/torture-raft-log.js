#!/usr/bin/env node
// Kills a writing process and changes bytes of its files, more often than a test can afford.
//
//   torture-raft-log [--kills N] [--flips N] [--seed N]
//
// --flips counts per file. Prints what came of it; the first failure names its seed and ends with exit code 1.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runByteFlips } from '../dist/raft/torture/byte-flips.js'
import { runKillCycles } from '../dist/raft/torture/kill-cycles.js'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    flips: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const seed = Number(values.seed)
const folder = await mkdtemp(join(tmpdir(), 'walrus-torture-'))
try {
  const steps = await runKillCycles({ directory: join(folder, 'killed'), seed, cycles: Number(values.kills) })
  console.log(`seed ${seed}: ${values.kills} kills over ${steps} writes, nothing lost, no half of a write`)
  const { whole, refused, ended } = await runByteFlips({ folder, seed, flipsPerFile: Number(values.flips) })
  console.log(
    `seed ${seed}: ${whole + refused + ended} changed bytes: ${whole} harmless, ${refused} refused, ` +
      `${ended} ended the process, none unnoticed`,
  )
} finally {
  await rm(folder, { recursive: true, force: true })
}
