import { openLevelRaftLog } from '@walrus/adapters-level'
import { DEFAULT_TOPIC_CONFIG, WalrusError, type MetadataCommand, type MetadataResult } from '@walrus/core'
import { emptyConfState, MemoryLog, MemoryLogStore, type Message, type RaftTransportEvents } from '@walrus/raft'
import { metadataLogSuite, temporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { join } from 'node:path'
import { openRaftMetadataLog, type RaftMetadataLog, type RaftMetadataLogOptions } from './raft-metadata-log.js'

const clock: RaftMetadataLogOptions['clock'] = {
  defer: (task) => void setImmediate(task),
  after: (milliseconds, task) => {
    const timer = setTimeout(task, milliseconds).unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
const silent = {
  send: () => undefined,
  sendSnapshot: async () => false,
  setAddresses: () => undefined,
  close: async () => undefined,
}
const random = (bound: number): number => Math.floor(Math.random() * bound)
const alone = {
  nodeId: 7,
  address: '127.0.0.1:6007',
  connect: () => silent,
  clock,
  random,
  bootstrap: { ...emptyConfState, voters: [7] },
}

metadataLogSuite({
  name: 'Raft over memory',
  nodeId: 7,
  place: async () => {
    const disk = new MemoryLog()
    return {
      open: () => openRaftMetadataLog({ ...alone, store: new MemoryLogStore(disk) }),
      remove: async () => undefined,
    }
  },
})

for (const [name, snapshotLogBytesMin] of [
  ['Raft over LevelDB', 1_000_000],
  ['Raft over LevelDB, snapshots all the time', 1],
] as const) {
  metadataLogSuite({
    name,
    nodeId: 7,
    place: async () => {
      const folder = await temporaryFolder()
      const directory = join(folder.path, 'raft')
      const limits = { snapshotLogBytesMin, trailingEntryCount: 1 }
      return {
        open: async () =>
          openRaftMetadataLog({ ...alone, limits, store: await openLevelRaftLog({ directory, nodeId: 7 }) }),
        remove: folder.remove,
      }
    },
  })
}

describe('Raft metadata log of three nodes', () => {
  const ids = [1, 2, 3]
  let group: Group

  beforeEach(async () => {
    group = new Group(ids)
    for (const id of ids) await group.open(id)
  })
  afterEach(() => group.close())

  it('takes commands at every node, and has them on every node', async () => {
    const results = await Promise.all(ids.map((id) => group.log(id).propose(upsert(id))))
    expect(results).to.deep.equal(ids.map(() => ({ outcome: 'applied' })))
    await Promise.all(ids.map((id) => group.log(id).node.readIndex()))
    for (const id of ids) expect([...group.log(id).state.nodes.keys()].sort()).to.deep.equal(ids)
    expect(group.log(1).status().addresses).to.deep.equal(new Map(ids.map((id) => [id, addressOf(id)])))
  })

  it('looks for another leader when the one that it knew is gone', async () => {
    await group.log(1).propose(upsert(1))
    const leader = group.log(1).status().leader ?? 0
    group.crash(leader)
    const other = ids.find((id) => id !== leader) ?? 0
    // What was passed on to the dead leader has an outcome that nobody knows; to repeat the command does no harm.
    let result: MetadataResult | undefined
    while (result === undefined) {
      result = await group
        .log(other)
        .propose(topic('logs', 1))
        .catch((error: WalrusError) => {
          expect(error.code).to.equal('TIMED_OUT')
          return undefined
        })
    }
    expect(result.outcome).to.be.oneOf(['applied', 'unchanged'])
    expect(group.log(other).state.topics.has('logs')).to.equal(true)
  })

  it('says that nothing was applied when there is no leader', async () => {
    for (const id of [2, 3]) group.crash(id)
    await group.reopen(1, { leaderWaitMs: 200 })
    expect((await failureOf(group.log(1).propose(upsert(1)))).code).to.equal('UNAVAILABLE')
  })

  it('tells of what a snapshot brought, topic by topic', async () => {
    for (const id of ids) await group.log(id).propose(upsert(id))
    const leader = group.log(1).status().leader ?? 0
    const laggard = ids.find((id) => id !== leader) ?? 0
    await group.log(leader).propose(topic('gone', leader))
    await group.log(laggard).node.readIndex()
    group.cut = laggard
    const epoch = group.log(leader).state.topics.get('gone')?.segments[0]?.epoch ?? 0
    await group.log(leader).propose({ kind: 'DeleteTopic', topic: 'gone', epoch })
    for (let at = 0; at < 60; at++) await group.log(leader).propose(topic(`t${at}`, leader))
    const heard: string[] = []
    group
      .log(laggard)
      .subscribe((command) => heard.push('topic' in command ? `${command.kind} ${command.topic}` : 'node'))
    group.cut = 0
    await group.log(laggard).node.readIndex()
    expect(group.log(laggard).state).to.deep.equal(group.log(leader).state)
    expect(group.log(laggard).status().snapshotIndex).to.be.above(20)
    expect(heard).to.include.members(['DeleteTopic gone', 'ConfigureTopic t0'])
    expect(new Set(heard.map((one) => one.split(' ')[1])).size).to.equal(61)
  })
})

describe('Raft metadata log of three nodes over LevelDB', function () {
  this.timeout(60_000)

  it('has everything after a member was away, and after all were stopped twice', async () => {
    const folder = await temporaryFolder()
    const ids = [1, 2, 3]
    const group = new Group(ids)
    const open = async (id: number): Promise<void> => {
      const store = await openLevelRaftLog({
        directory: join(folder.path, String(id)),
        nodeId: id,
        cacheBytesMax: 10_000,
      })
      await group.open(id, { store, limits: { snapshotLogBytesMin: 40_000, trailingEntryCount: 10 } })
    }
    for (const id of ids) await open(id)
    for (const id of ids) await group.log(id).propose(upsert(id))
    const create = (from: number, count: number) =>
      Promise.all(Array.from({ length: count }, (_, at) => group.log(1).propose(topic(`t${from + at}`, 1))))
    await create(0, 500)
    await group.log(3).close()
    await create(500, 500)
    await open(3)
    await group.log(3).node.readIndex()
    expect(group.log(3).state).to.deep.equal(group.log(1).state)
    const before = group.log(1).state
    for (let round = 0; round < 2; round++) {
      await group.close()
      for (const id of ids) await open(id)
      await Promise.all(ids.map((id) => group.log(id).node.readIndex()))
      for (const id of ids) expect(group.log(id).state, `round ${round}, node ${id}`).to.deep.equal(before)
    }
    expect(before.topics.size).to.equal(1_000)
    await group.close()
    await folder.remove()
  })
})

/** Members in one process; what is sent arrives in the next turn of the event loop. */
class Group {
  /** Nothing goes to or from this node. */
  cut = 0
  readonly #ids: readonly number[]
  readonly #disks = new Map<number, MemoryLog>()
  readonly #receivers = new Map<number, RaftTransportEvents>()
  readonly #logs = new Map<number, RaftMetadataLog>()

  constructor(ids: readonly number[]) {
    this.#ids = ids
  }

  log(id: number): RaftMetadataLog {
    const log = this.#logs.get(id)
    if (log === undefined) throw new Error(`node ${id} is down`)
    return log
  }

  async open(id: number, options: Partial<RaftMetadataLogOptions> = {}): Promise<void> {
    const disk = this.#disks.get(id) ?? new MemoryLog()
    this.#disks.set(id, disk)
    const log = await openRaftMetadataLog({
      nodeId: id,
      address: addressOf(id),
      store: new MemoryLogStore(disk),
      connect: (events) => this.#connect(id, events),
      clock,
      random,
      bootstrap: { ...emptyConfState, voters: this.#ids },
      timing: { tickMs: 10 },
      limits: { snapshotLogBytesMin: 3_000, trailingEntryCount: 2 },
      ...options,
    })
    this.#logs.set(id, log)
  }

  async reopen(id: number, options: Partial<RaftMetadataLogOptions>): Promise<void> {
    await this.log(id).close()
    await this.open(id, options)
  }

  crash(id: number): void {
    this.#receivers.delete(id)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#logs.values()].map((log) => log.close()))
  }

  #connect(id: number, events: RaftTransportEvents): ReturnType<RaftMetadataLogOptions['connect']> {
    this.#receivers.set(id, events)
    const deliver = (message: Message, data?: Uint8Array): boolean => {
      const isCut = this.cut === message.from || this.cut === message.to || !this.#receivers.has(message.from)
      const receiver = isCut ? undefined : this.#receivers.get(message.to)
      receiver?.onMessage(message, data)
      return receiver !== undefined
    }
    return {
      send: (message) => void setImmediate(deliver, message),
      sendSnapshot: (message, data) => new Promise((resolve) => setImmediate(() => resolve(deliver(message, data)))),
      setAddresses: () => undefined,
      close: async () => this.crash(id),
    }
  }
}

function addressOf(id: number): string {
  return `127.0.0.1:${6_000 + id}`
}

function upsert(id: number): MetadataCommand {
  return { kind: 'UpsertNode', node: { id, address: addressOf(id), role: 'voter', draining: false } }
}

function topic(name: string, leader: number): MetadataCommand {
  return { kind: 'CreateTopic', topic: name, config: DEFAULT_TOPIC_CONFIG, leader, replicas: [leader] }
}

async function failureOf(call: Promise<unknown>): Promise<WalrusError> {
  try {
    await call
  } catch (error) {
    if (error instanceof WalrusError) return error
    throw error
  }
  throw new Error('expected a failure')
}
