import { FrameReader } from '@walrus/protocol'
import { ManualClock, type ProposalFate } from '@walrus/testing'
import { expect } from 'chai'
import type { ClientSession } from './client-session.js'
import type { ClusterNode } from '../cluster-node.js'
import { Latch, NodeHarness, range, turns } from '../node-harness.test.js'
import { nodeClientService } from './node-client-service.js'

describe('text service', () => {
  let harness: NodeHarness
  let node: ClusterNode

  beforeEach(async () => {
    harness = new NodeHarness()
    node = await harness.start({ segmentLimits: { segmentEntriesMax: 10 } })
  })
  afterEach(() => node.close())

  /** All requests at once on one connection; the answers when all are there. */
  async function talk(...requests: (string | Uint8Array)[]): Promise<string[]> {
    const connection = new Connection(node)
    for (const request of requests) connection.send(request)
    await connection.idle()
    return connection.answers()
  }

  it('registers, puts and gets, all in one go', async () => {
    const answers = await talk(
      'REGISTER logs',
      'PUT logs one',
      'PUT logs two words ',
      'GET logs',
      'GET logs',
      'GET logs',
    )
    expect(answers).to.deep.equal(['OK', 'OK', 'OK', 'OK one', 'OK two words ', 'EMPTY'])
  })

  it('keeps any bytes exactly, and no bytes', async () => {
    const any = Buffer.from(range(0, 256))
    const request = Buffer.concat([Buffer.from('PUT logs '), any])
    const connection = new Connection(node)
    for (const one of ['REGISTER logs', request, 'PUT logs ', 'GET logs', 'GET logs']) connection.send(one)
    await connection.idle()
    const [entry, empty] = connection.frames().slice(3)
    expect(entry).to.deep.equal(Buffer.concat([Buffer.from('OK '), any]))
    expect(empty?.toString()).to.equal('OK ')
  })

  const faults: [string, string][] = [
    ['PUT nope x', 'ERR unknown topic nope'],
    ['GET nope', 'ERR unknown topic nope'],
    ['STATE nope', 'ERR unknown topic nope'],
    ['REGISTER', 'ERR REGISTER requires a topic'],
    ['PUT', 'ERR PUT requires a topic'],
    ['PUT logs', 'ERR PUT requires a payload'],
    ['GET', 'ERR GET requires a topic'],
    ['STATE', 'ERR STATE requires a topic'],
    ['NONSENSE', 'ERR unknown command'],
    ['get logs', 'ERR unknown command'],
    ['REGISTER ..', 'ERR invalid topic: "..": the name is reserved'],
  ]
  for (const [request, answer] of faults) {
    it(`answers "${request}" with "${answer}", and goes on`, async () => {
      expect(await talk(request, 'REGISTER logs')).to.deep.equal([answer, 'OK'])
    })
  }

  it('says what is wrong with a frame, behind what is pending', async () => {
    const connection = new Connection(node)
    connection.send('REGISTER logs')
    connection.send('PUT logs a')
    connection.session.acceptFault({ kind: 'oversize', announcedBytes: 20_000_000, maxFrameBytes: 16_777_216 })
    await connection.idle()
    expect(connection.answers()).to.deep.equal(['OK', 'OK', 'ERR invalid frame length: 20000000 exceeds 16777216'])
  })

  it('shows the state in one line, and the metrics indented', async () => {
    await talk('REGISTER logs', ...range(0, 25).map((at) => `PUT logs ${at}`))
    const [state, metrics] = await talk('STATE logs', 'METRICS')
    expect(JSON.parse(state!)).to.include({ current_segment: 3, leader_node: 1, last_sealed_entry_offset: 20 })
    expect(JSON.parse(state!).sealed_segments).to.deep.equal({ 1: 10, 2: 10 })
    expect(state).to.not.contain('\n')
    expect(metrics).to.match(/^\{\n {2}"running_state"/)
    expect(JSON.parse(metrics!)).to.include({ id: 1, state: 'Leader', current_leader: 1 })
  })

  it('keeps the order of pipelined puts over rollovers, and answers them all', async () => {
    const answers = await talk('REGISTER logs', ...range(0, 57).map((at) => `PUT logs ${at}`), 'GET logs')
    expect(answers).to.deep.equal([...range(0, 58).map(() => 'OK'), 'OK 0'])
    const rest = await talk(...range(0, 57).map(() => 'GET logs'))
    expect(rest).to.deep.equal([...range(1, 57).map((at) => `OK ${at}`), 'EMPTY'])
  })

  it('does not let one connection wait for another', async () => {
    await talk('REGISTER logs', 'REGISTER other')
    const decision = new Latch<ProposalFate>()
    harness.kill()
    harness.metadataOptions = { fate: (command) => (command.kind === 'SealAndRoll' ? decision.promise : 'decided') }
    node = await harness.start({ segmentLimits: { segmentEntriesMax: 10 } })
    const held = new Connection(node)
    for (const at of range(0, 11)) held.send(`PUT logs ${at}`)
    await turns()
    expect(held.session.pendingCount).to.equal(1)
    expect(await talk('PUT other x', 'GET other')).to.deep.equal(['OK', 'OK x'])
    decision.open('decided')
    await held.idle()
  })

  it('carries out what was accepted from a connection that is gone, and answers nothing', async () => {
    await talk('REGISTER logs')
    const connection = new Connection(node)
    connection.send('PUT logs a')
    connection.session.close()
    await connection.idle()
    expect(connection.answers()).to.deep.equal([])
    expect(await talk('GET logs')).to.deep.equal(['OK a'])
  })

  it('answers with the reason when the node is closed', async () => {
    await talk('REGISTER logs')
    await node.close()
    expect(await talk('PUT logs a', 'GET logs')).to.deep.equal([
      'ERR Cannot use this node: it is closed',
      'ERR Cannot use this node: it is closed',
    ])
  })

  it('says of a defect that it is one', async () => {
    await talk('REGISTER logs')
    const segment = harness.storage.segment({ topic: 'logs', segment: 1 })!
    segment.append = () => {
      throw new TypeError('undefined is not a function')
    }
    expect(await talk('PUT logs a')).to.deep.equal(['ERR internal error: undefined is not a function'])
  })
})

/** One connection, without a socket. */
class Connection {
  readonly session: ClientSession
  readonly #sent: Uint8Array[] = []

  constructor(node: ClusterNode) {
    this.session = nodeClientService(node, new ManualClock()).open({
      roomBytes: 1_000_000,
      ease: () => undefined,
      send: (frames) => this.#sent.push(frames),
    })
  }

  send(request: string | Uint8Array): void {
    const bytes = typeof request === 'string' ? Buffer.from(request) : request
    this.session.accept(bytes, 0, bytes.length)
  }

  idle(): Promise<void> {
    return new Promise((resolve) => this.session.whenIdle(resolve))
  }

  frames(): Buffer[] {
    const reader = new FrameReader({ maxFrameBytes: 1_000_000 })
    const frames: Buffer[] = []
    reader.push(Buffer.concat(this.#sent))
    while (reader.next()) frames.push(Buffer.from(reader.bytes.subarray(reader.start, reader.end)))
    return frames
  }

  answers(): string[] {
    return this.frames().map((frame) => frame.toString())
  }
}
