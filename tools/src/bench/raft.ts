import { join } from 'node:path'
import { Members } from '../raft-member/members.js'
import { bareWriteAndSync, preparedFile } from './bare-file.js'
import type { Benchmark, Case, Sample, Setting } from './benchmark.js'
import { Latencies } from './latencies.js'
import { RaftGroup } from './raft-group.js'
import { inFlight, rateOf } from './wal-instance.js'

const COMMAND_BYTES = 256
const BARE_BYTES = 4 * 1024 * 1024
const BARE_SYNC = 'bare: write 256 B + fdatasync, one after the other'
const PROCESSES = 3

/**
 * Durable proposals through Raft. In one process, what consensus and its log cost without a network; in three processes over
 * loopback, metadata commands as brokers propose them, at the leader and at a follower.
 */
export const raft: Benchmark = {
  name: 'raft',
  about: 'proposals of about 256 B, acknowledged when durable on a quorum and applied',
  setUp: async (setting) => {
    const path = join(setting.folder, 'bare')
    await preparedFile(path, BARE_BYTES)
    const ids = Array.from({ length: PROCESSES }, (_, at) => at + 1)
    const members = await Members.start(join(setting.folder, 'members'), ids)
    return { cases: cases(setting, path, members), close: () => members.dispose() }
  },
}

function cases({ folder, scale }: Setting, barePath: string, members: Members): Case[] {
  const row = (what: string, width: number, run: () => Promise<Sample>): Case => ({
    what: `${what}, ${width} in flight`,
    unit: 'proposals/s',
    better: 'more',
    limit: BARE_SYNC,
    run,
  })
  const inProcess = (nodes: number, width: number, count: number): Case =>
    row(`${nodes} ${nodes === 1 ? 'node' : 'nodes'} in one process`, width, () =>
      propose(folder, { nodes, width, count: count * scale }),
    )
  const processes = (at: 'leader' | 'follower', width: number, count: number): Case =>
    row(`${PROCESSES} processes, at the ${at}`, width, () => proposeAt(members, at, { width, count: count * scale }))
  return [
    { what: BARE_SYNC, unit: 'writes/s', better: 'more', run: () => bareRate(barePath, 1_000 * scale) },
    inProcess(1, 1, 1_000),
    inProcess(1, 64, 20_000),
    inProcess(1, 256, 40_000),
    inProcess(3, 64, 20_000),
    { ...processes('leader', 1, 500), mustReach: 500 },
    { ...processes('leader', 64, 20_000), mustReach: 15_000, hopeFor: 30_000 },
    processes('leader', 256, 40_000),
    processes('follower', 64, 20_000),
  ]
}

async function bareRate(path: string, count: number): Promise<Sample> {
  let latency: Sample['latency']
  const value = await rateOf(count, async () => {
    latency = (await bareWriteAndSync(path, COMMAND_BYTES, count)).latency
  })
  return latency === undefined ? { value } : { value, latency }
}

/** The load is in the process of the node that is asked, so what is measured has no client's way in it. */
async function proposeAt(
  members: Members,
  at: 'leader' | 'follower',
  { width, count }: { readonly width: number; readonly count: number },
): Promise<Sample> {
  const leader = await members.leader()
  const id = at === 'leader' ? leader : (members.ids.find((other) => other !== leader) ?? leader)
  const report = await members.get(id).propose({ name: `${at}-${width}`, width, count, from: 1 })
  if (report.applied !== count) throw new Error(`Cannot measure: ${count - report.applied} commands were not applied`)
  return { value: report.perSecond, latency: report.latency }
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
