import { join } from 'node:path'
import { bareWriteAndSync, preparedFile } from './bare-file.js'
import type { Benchmark, Case, Sample, Setting } from './benchmark.js'
import { Latencies } from './latencies.js'
import { RaftGroup } from './raft-group.js'
import { inFlight, rateOf } from './wal-instance.js'

const COMMAND_BYTES = 256
const BARE_BYTES = 4 * 1024 * 1024
const BARE_SYNC = 'bare: write 256 B + fdatasync, one after the other'

/** Durable proposals through Raft, in one process: what consensus and its log cost, without a network. */
export const raft: Benchmark = {
  name: 'raft',
  about: 'proposals of 256 B, acknowledged when durable on a quorum and applied',
  setUp: async (setting) => {
    const path = join(setting.folder, 'bare')
    await preparedFile(path, BARE_BYTES)
    return { cases: cases(setting, path), close: async () => undefined }
  },
}

function cases({ folder, scale }: Setting, barePath: string): Case[] {
  const load = (nodes: number, width: number, count: number): Case => ({
    what: `${nodes} ${nodes === 1 ? 'node' : 'nodes'}, ${width} in flight`,
    unit: 'proposals/s',
    better: 'more',
    limit: BARE_SYNC,
    run: () => propose(folder, { nodes, width, count: count * scale }),
  })
  return [
    { what: BARE_SYNC, unit: 'writes/s', better: 'more', run: () => bareRate(barePath, 1_000 * scale) },
    load(1, 1, 1_000),
    load(1, 64, 20_000),
    load(1, 256, 40_000),
    { ...load(3, 1, 500), mustReach: 500 },
    { ...load(3, 64, 20_000), mustReach: 15_000, hopeFor: 30_000 },
    load(3, 256, 40_000),
  ]
}

async function bareRate(path: string, count: number): Promise<Sample> {
  let latency: Sample['latency']
  const value = await rateOf(count, async () => {
    latency = (await bareWriteAndSync(path, COMMAND_BYTES, count)).latency
  })
  return latency === undefined ? { value } : { value, latency }
}

interface Load {
  readonly nodes: number
  readonly width: number
  readonly count: number
}

async function propose(folder: string, { nodes, width, count }: Load): Promise<Sample> {
  const group = await RaftGroup.start(folder, nodes)
  try {
    const { leader } = group
    const command = Buffer.alloc(COMMAND_BYTES, 7)
    const latencies = new Latencies()
    const one = async (): Promise<void> => {
      const started = performance.now()
      await leader.propose(command)
      latencies.add(performance.now() - started)
    }
    return { value: await rateOf(count, () => inFlight(count, width, one)), latency: latencies.summary() }
  } finally {
    await group.stop()
  }
}
