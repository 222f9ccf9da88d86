import { BrokerFailure, listenBinary, type BinaryAnswer, type ScriptedBroker } from '@walrus/client/testing'
import { DEFAULT_TOPIC_CONFIG } from '@walrus/core'
import type { AdminOperationName, AdminParameters, AdminResult, BinaryRequest } from '@walrus/protocol'
import { expect } from 'chai'
import { walrusCli, type Outcome } from './run-program.test.js'

type Script = {
  readonly [N in AdminOperationName]?: (parameters: AdminParameters<N>) => AdminResult<N> | BrokerFailure
}

describe('walrus-cli cluster and topic', () => {
  let broker: ScriptedBroker
  let script: Script
  let asked: string[]

  beforeEach(async () => {
    script = {}
    asked = []
    broker = await listenBinary(answer)
  })

  afterEach(() => broker.close())

  function answer(request: BinaryRequest): BinaryAnswer {
    if (request.command !== 'admin') throw new Error(`${request.command} is no administration`)
    const { operation, parameters } = request
    asked.push(`${operation} ${JSON.stringify(parameters)}`)
    const handle = script[operation] as ((parameters: unknown) => unknown) | undefined
    const result = handle?.(parameters) ?? new BrokerFailure('UNAVAILABLE', 'Cannot do it: nobody leads')
    return result instanceof BrokerFailure ? result : ({ operation, result } as BinaryAnswer)
  }

  async function run(...args: readonly string[]): Promise<{ exitCode: number | null; output: string; errors: string }> {
    const outcome: Outcome = await walrusCli(['--addr', broker.address, ...args])
    return { ...outcome, output: outcome.output.toString() }
  }

  function printed(output: string) {
    return { exitCode: 0, output, errors: '' }
  }

  const STATUS: AdminResult<'cluster.status'> = {
    answeredBy: 2,
    term: 7,
    leader: 1,
    topicCount: 3,
    nodes: [
      {
        ...{
          id: 1,
          address: 'a:6001',
          role: 'voter',
          raftRole: 'Leader',
          term: 7,
          draining: false,
          live: true,
          ready: true,
        },
        ...{ segmentsLed: 2, replicas: 12, lag: 0 },
      },
      { id: 2, address: 'b:6001', role: 'learner', draining: true, live: false, segmentsLed: 0, replicas: 3 },
    ],
  }

  it('show the nodes as a table, and as JSON', async () => {
    script = { 'cluster.status': () => STATUS }
    const { output } = await run('cluster', 'status')
    expect(output.split('\n').map((line) => line.split(/ +/).join(' ').trim())).to.deep.equal([
      'NODE address role raft term leader live ready draining led copies lag',
      '1 a:6001 voter leader 7 yes yes yes no 2 12 0',
      '2 b:6001 learner - - no no - yes 0 3 -',
      '',
      'node 1 leads in term 7, 3 topics, as node 2 sees it',
      '',
    ])
    const json = await run('cluster', 'status', '--json')
    expect(JSON.parse(json.output)).to.deep.equal(STATUS)
  })

  it('drain a node, and undo it', async () => {
    script = { 'cluster.drain': ({ node, draining }) => ({ node, draining, segmentsLed: 4 }) }
    expect(await run('cluster', 'drain', '3')).to.deep.equal(printed('node 3 is draining, and leads 4 segments yet\n'))
    expect(await run('cluster', 'drain', '3', '--undo')).to.deep.equal(printed('node 3 takes part\n'))
    expect(asked).to.deep.equal([
      'cluster.drain {"node":3,"draining":true}',
      'cluster.drain {"node":3,"draining":false}',
    ])
  })

  it('destroy nothing that was not confirmed where nobody can be asked', async () => {
    const cases = [
      ['cluster', 'remove', '3'],
      ['topic', 'delete', 'logs'],
      ['topic', 'seal', 'logs', '--force'],
      ['topic', 'seal', 'logs', '--yes'],
    ]
    for (const args of cases) {
      const { exitCode, errors } = await run(...args)
      expect([exitCode, errors.split('\n').length], args.join(' ')).to.deep.equal([2, 2])
      expect(errors).to.match(/^Error: --(yes|force) is needed/)
    }
    expect(asked).to.deep.equal([])
  })

  it('destroy what is confirmed', async () => {
    script = {
      'cluster.remove': ({ node }) => ({ node }),
      'topic.delete': ({ topic }) => ({ topic }),
      'topic.seal': () => ({ segment: 4, entryCount: 10, unheardReplicas: [2, 3] }),
    }
    expect(await run('cluster', 'remove', '3', '--yes', '--wait-ms', '5')).to.deep.equal(printed('node 3 is removed\n'))
    expect(await run('topic', 'delete', 'logs', '--yes')).to.deep.equal(printed(''))
    expect(await run('topic', 'seal', 'logs', '--force', '--yes')).to.deep.equal(
      printed('segment 4 is sealed at 10 entries; not heard: 2, 3\n'),
    )
  })

  it('list topics, page after page', async () => {
    const summary = (topic: string) => ({
      ...{
        topic,
        segmentCount: 2,
        firstOffset: 0,
        sealedOffset: 10,
        leader: 1,
        replicas: [1, 2],
        state: 'open' as const,
      },
    })
    script = {
      'topic.list': ({ after }) =>
        after === undefined ? { topics: [summary('a')], more: true } : { topics: [summary('b')], more: false },
    }
    const { output } = await run('topic', 'list')
    expect(
      output
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/).map((cell) => cell.trim())),
    ).to.deep.equal([
      ['TOPIC', 'segments', 'from offset', 'sealed to', 'leader', 'copies on', 'state'],
      ['a', '2', '0', '10', '1', '1,2', 'open'],
      ['b', '2', '0', '10', '1', '1,2', 'open'],
    ])
    const json = await run('topic', 'list', '--json')
    expect(
      json.output
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { topic: string }).topic),
    ).to.deep.equal(['a', 'b'])
    expect(asked).to.deep.equal([
      'topic.list {}',
      'topic.list {"after":"a"}',
      'topic.list {}',
      'topic.list {"after":"a"}',
    ])
  })

  it('describe a topic with all its segments', async () => {
    const segment = (id: number) => ({
      ...{
        id,
        baseOffset: 10 * id - 10,
        entryCount: 10,
        state: 'sealed' as const,
        leader: 1,
        replicas: [1],
        epoch: id,
      },
      ackQuorum: 1,
    })
    script = {
      'topic.describe': ({ fromSegment = 1 }) => ({
        ...{ topic: 'logs', config: DEFAULT_TOPIC_CONFIG, firstOffset: 0, highWatermark: 20, segmentCount: 2 },
        ...{ segments: [segment(fromSegment)], more: fromSegment < 2, cursors: [{ cursor: 'shared', offset: 5 }] },
      }),
    }
    const { output } = await run('topic', 'describe', 'logs')
    for (const line of ['offsets 0 to 20', /^ +1 +0 +10 +sealed/m, /^ +2 +10 +10/m, /^shared +5$/m, 'retentionMs=0']) {
      expect(output).to.match(line instanceof RegExp ? line : new RegExp(line))
    }
    const json = await run('topic', 'describe', 'logs', '--json')
    expect((JSON.parse(json.output) as { segments: unknown[] }).segments).to.have.length(2)
  })

  it('create, configure and roll', async () => {
    script = {
      'topic.create': ({ topic }) => ({ created: topic === 'new' }),
      'topic.configure': ({ config }) => ({ config: { ...DEFAULT_TOPIC_CONFIG, ...config } }),
      'topic.roll': () => ({ segment: 3, leader: 2 }),
    }
    expect(await run('topic', 'create', 'new', 'ack=all', 'retentionMs=60000')).to.deep.equal(printed(''))
    expect((await run('topic', 'create', 'old')).errors).to.equal('Error: Cannot create topic "old": it exists\n')
    const { output } = await run('topic', 'config', 'logs', 'replicationFactor=1')
    expect(output).to.include('replicationFactor=1\nack=quorum\n')
    expect(await run('topic', 'roll', 'logs')).to.deep.equal(printed('segment 3 is open, led by node 2\n'))
    expect(asked[0]).to.equal('topic.create {"topic":"new","config":{"ack":"all","retentionMs":60000}}')
  })

  it('are wrong usage in one line, with exit code 2', async () => {
    const cases = [
      ['cluster'],
      ['cluster', 'drain'],
      ['cluster', 'drain', 'x'],
      ['cluster', 'remove', '0', '--yes'],
      ['cluster', 'remove', '3', '--yes', '--wait-ms', '0'],
      ['topic'],
      ['topic', 'describe'],
      ['topic', 'create', 'new', 'segmentEntryMax=5'],
      ['topic', 'config', 'logs', 'retentionMs'],
      ['topic', 'config', 'logs', 'ack=maybe'],
      ['--addr', 'a:1,b', 'topic', 'list'],
    ]
    for (const args of cases) {
      const { exitCode, output, errors } = await run(...args)
      expect([exitCode, output], args.join(' ')).to.deep.equal([2, ''])
      expect(errors, args.join(' ')).to.match(/^Error: [^\n]+\n$/)
    }
    expect(asked).to.deep.equal([])
  })

  it('say what the broker says, with exit code 1', async () => {
    expect(await run('topic', 'roll', 'logs')).to.deep.equal({
      exitCode: 1,
      output: '',
      errors: 'Error: Cannot do it: nobody leads\n',
    })
  })

  it('find a node that is there', async () => {
    script = { 'cluster.status': () => STATUS }
    const gone = await listenBinary(answer)
    const { address } = gone
    await gone.close()
    const { exitCode } = await walrusCli(['--addr', `${address},${broker.address}`, 'cluster', 'status'])
    expect(exitCode).to.equal(0)
  })
})
