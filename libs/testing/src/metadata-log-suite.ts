import { DEFAULT_TOPIC_CONFIG, type MetadataCommand, type MetadataLog, type NodeId, WalrusError } from '@walrus/core'
import { expect } from 'chai'

/** A place where one metadata log is kept. */
export interface MetadataLogPlace {
  /** Opens the log, or opens it again after its `close`. It is empty the first time. */
  open(): Promise<MetadataLog>
  /** Releases what the place takes up; the log is closed before. */
  remove(): Promise<void>
}

/** Who complies with the port. */
export interface MetadataLogSuiteOptions {
  readonly name: string
  /** The log's only node. */
  readonly nodeId: NodeId
  /** A fresh place for each test. */
  readonly place: () => Promise<MetadataLogPlace>
}

/** What every `MetadataLog` of a cluster of one promises, as tests. An adapter's first test is one call of it. */
export function metadataLogSuite(options: MetadataLogSuiteOptions): void {
  describe(`metadata log: ${options.name}`, () => {
    const fixture = new Fixture(options)
    beforeEach(() => fixture.begin())
    afterEach(() => fixture.end())
    proposals(fixture)
    listeners(fixture)
    restarts(fixture)
    consensusStatus(fixture)
    closing(fixture)
  })
}

/** The place and the log of the test that runs. */
class Fixture {
  readonly nodeId: NodeId
  readonly #makePlace: () => Promise<MetadataLogPlace>
  #place: MetadataLogPlace | undefined
  #log: MetadataLog | undefined

  constructor(options: MetadataLogSuiteOptions) {
    this.nodeId = options.nodeId
    this.#makePlace = options.place
  }

  get log(): MetadataLog {
    if (this.#log === undefined) throw new Error('no log is open')
    return this.#log
  }

  async begin(): Promise<void> {
    this.#place = await this.#makePlace()
    this.#log = await this.#place.open()
  }

  async restart(): Promise<MetadataLog> {
    await this.log.close()
    this.#log = await this.#place?.open()
    return this.log
  }

  async end(): Promise<void> {
    await this.#log?.close()
    await this.#place?.remove()
  }

  node(): MetadataCommand {
    return {
      kind: 'UpsertNode',
      node: { id: this.nodeId, address: '127.0.0.1:6000', role: 'voter', draining: false },
    }
  }

  topic(name: string): MetadataCommand {
    const placement = { leader: this.nodeId, replicas: [this.nodeId] }
    return { kind: 'CreateTopic', topic: name, config: DEFAULT_TOPIC_CONFIG, ...placement }
  }

  roll(topic: string, entryCount: number): MetadataCommand {
    const open = this.log.state.topics.get(topic)?.segments.at(-1)
    const next = { nextLeader: this.nodeId, nextReplicas: [this.nodeId] }
    const segment = { segment: open?.id ?? 1, epoch: open?.epoch ?? 1 }
    return { kind: 'SealAndRoll', topic, ...segment, entryCount, controlCount: 0, ...next }
  }
}

function proposals(fixture: Fixture): void {
  it('begins empty, at version 0', () => {
    expect(fixture.log.state.version).to.equal(0)
    expect([...fixture.log.state.topics.keys()]).to.deep.equal([])
    expect([...fixture.log.state.nodes.keys()]).to.deep.equal([])
  })

  it('has applied a command when its proposal resolves', async () => {
    expect(await fixture.log.propose(fixture.node())).to.deep.equal({ outcome: 'applied' })
    expect(await fixture.log.propose(fixture.topic('logs'))).to.deep.equal({ outcome: 'applied' })
    expect(fixture.log.state.topics.get('logs')?.segments).to.have.length(1)
  })

  it('says what became of a repeated and of a stale command, and counts them', async () => {
    const { log } = fixture
    await log.propose(fixture.node())
    await log.propose(fixture.topic('logs'))
    const roll = fixture.roll('logs', 10)
    await log.propose(roll)
    expect((await log.propose(fixture.topic('logs'))).outcome).to.equal('unchanged')
    expect((await log.propose(roll)).outcome).to.equal('unchanged')
    expect((await log.propose({ ...roll, entryCount: 11 } as MetadataCommand)).outcome).to.equal('rejected')
    expect(log.state.version).to.equal(6)
    expect(log.state.topics.get('logs')?.segments.map((segment) => segment.entryCount)).to.deep.equal([10, 0])
  })

  it('applies concurrent proposals in the order of the calls', async () => {
    const { log } = fixture
    const order: string[] = []
    log.subscribe((command) => order.push('topic' in command ? command.topic : command.kind))
    const names = Array.from({ length: 300 }, (_, at) => `topic-${at}`)
    await Promise.all([fixture.node(), ...names.map((name) => fixture.topic(name))].map((one) => log.propose(one)))
    expect(order).to.deep.equal(['UpsertNode', ...names])
    expect(log.state.version).to.equal(301)
  })

  it('never changes a state that was read', async () => {
    const { log } = fixture
    await log.propose(fixture.node())
    const before = log.state
    await log.propose(fixture.topic('logs'))
    expect([before.version, before.topics.size]).to.deep.equal([1, 0])
    expect([log.state.version, log.state.topics.size]).to.deep.equal([2, 1])
  })

  it('refuses a command that could not be read back, and does not apply it', async () => {
    const command = { ...fixture.topic('logs'), leader: Number.NaN } as MetadataCommand
    expect(await codeOf(fixture.log.propose(command))).to.equal('INVALID_ARGUMENT')
    expect(fixture.log.state.version).to.equal(0)
  })
}

function listeners(fixture: Fixture): void {
  it('tells listeners of each change, with the new state, before its proposal resolves', async () => {
    const events: string[] = []
    fixture.log.subscribe((command, state) => events.push(`${command.kind} ${state.version}`))
    await fixture.log.propose(fixture.node()).then(() => events.push('resolved'))
    expect(events).to.deep.equal(['UpsertNode 1', 'resolved'])
  })

  it('tells nobody of a command that changed nothing', async () => {
    await fixture.log.propose(fixture.node())
    let calls = 0
    fixture.log.subscribe(() => (calls += 1))
    await fixture.log.propose(fixture.node())
    await fixture.log.propose(fixture.roll('unknown', 1))
    expect(calls).to.equal(0)
  })

  it('tells a listener nothing more once it has stopped', async () => {
    let calls = 0
    const stop = fixture.log.subscribe(() => (calls += 1))
    await fixture.log.propose(fixture.node())
    stop()
    await fixture.log.propose(fixture.topic('logs'))
    expect(calls).to.equal(1)
  })
}

function restarts(fixture: Fixture): void {
  it('has the same state after any number of restarts, and goes on from it', async () => {
    await fixture.log.propose(fixture.node())
    for (let round = 0; round < 4; round += 1) {
      await fixture.log.propose(fixture.topic(`topic-${round}`))
      await fixture.log.propose(fixture.roll(`topic-${round}`, round))
      const before = fixture.log.state
      const { state } = await fixture.restart()
      expect(state.version).to.equal(before.version)
      expect([...state.nodes]).to.deep.equal([...before.nodes])
      for (const [name, topic] of before.topics) expect(state.topics.get(name)).to.deep.equal(topic)
    }
    expect(fixture.log.state.topics.size).to.equal(4)
  })
}

function consensusStatus(fixture: Fixture): void {
  it('leads itself, and has applied and matched all of its log', async () => {
    await fixture.log.propose(fixture.node())
    await fixture.log.propose(fixture.topic('logs'))
    const { nodeId } = fixture
    const status = fixture.log.status()
    const { lastLogIndex } = status
    expect(lastLogIndex).to.be.at.least(2)
    expect(status).to.include({ id: nodeId, role: 'Leader', leader: nodeId, lastAppliedIndex: lastLogIndex })
    expect(status.term).to.be.at.least(1)
    expect(status.voterConfigurations).to.deep.equal([[nodeId]])
    expect([...status.addresses.keys()]).to.deep.equal([nodeId])
    expect([...(status.replication ?? [])]).to.deep.equal([[nodeId, lastLogIndex]])
  })
}

function closing(fixture: Fixture): void {
  it('settles what was proposed before it closes, and keeps it', async () => {
    const { log } = fixture
    const proposed = [fixture.node(), fixture.topic('one'), fixture.topic('two')].map((one) => log.propose(one))
    await log.close()
    for (const result of await Promise.all(proposed)) expect(result.outcome).to.equal('applied')
    expect((await fixture.restart()).state.topics.size).to.equal(2)
  })

  it('accepts nothing after it was closed, and may be closed again', async () => {
    const { log } = fixture
    await log.close()
    expect(await codeOf(log.propose(fixture.node()))).to.equal('STORAGE_CLOSED')
    expect(log.status()).to.include({ role: 'Shutdown', leader: null })
    await log.close()
  })
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    return error instanceof WalrusError ? error.code : String(error)
  }
  return 'resolved'
}
