import { DEFAULT_TOPIC_CONFIG } from '@walrus/core'
import { CLUSTER_REQUESTS } from '@walrus/protocol'
import { seededRandom, type QuestionFate, type QuestionInfo } from '@walrus/testing'
import { expect } from 'chai'
import { ClusterHarness } from '../cluster-harness.test.js'
import { bytes, range, text } from '../node-harness.test.js'

describe('forwarding', () => {
  let harness: ClusterHarness

  const start = async (segmentEntriesMax = 1000, requestTimeoutMs = 5_000): Promise<void> => {
    harness = new ClusterHarness([1, 2, 3], {
      segmentLimits: { segmentEntriesMax },
      topicConfig: DEFAULT_TOPIC_CONFIG,
      limits: { requestTimeoutMs },
    })
    await harness.start()
    await harness.until(harness.node(1).register('logs'))
    await harness.advance(50)
  }

  afterEach(() => harness.close())

  const follower = (): number => [1, 2, 3].find((id) => id !== harness.leaderOf('logs')) ?? 0

  async function stored(id: number): Promise<string[]> {
    const found: string[] = []
    for (;;) {
      const limits = { maxEntries: 1000, maxBytes: 1e6 }
      const entries = await harness.until(harness.node(id).fetch('logs', found.length, limits))
      if (entries.length === 0) return found
      found.push(...entries.map((entry) => text(entry.data) ?? ''))
    }
  }

  async function put(id: number, names: readonly string[]): Promise<number[]> {
    const tickets = names.map((name) => harness.node(id).append('logs', bytes(name)))
    await harness.until(Promise.all(tickets.map((ticket) => ticket.done())))
    return tickets.map((ticket) => ticket.lastOffset)
  }

  it('gives all appends of one turn to the leader at once, and each its offset', async () => {
    await start()
    let questions = 0
    harness.peers.fate = ({ kind }) => {
      if (kind === CLUSTER_REQUESTS.append) questions += 1
      return 'carried'
    }
    expect(await put(follower(), range(0, 50).map(String))).to.deep.equal(range(0, 50))
    expect(questions).to.equal(1)
  })

  it('stores once what it has to send again because the answer was lost', async () => {
    await start()
    const fates: QuestionFate[] = ['answer-lost', 'lost', 'answer-lost']
    harness.peers.fate = ({ kind }) => (kind === CLUSTER_REQUESTS.append ? (fates.shift() ?? 'carried') : 'carried')
    expect(await put(follower(), ['a', 'b', 'c'])).to.deep.equal([0, 1, 2])
    expect(fates).to.deep.equal([])
    expect(await stored(follower())).to.deep.equal(['a', 'b', 'c'])
  })

  it('stores once what a leader had stored before the lead moved on', async () => {
    await start(3)
    const loseAnswers = ({ kind, to }: QuestionInfo): QuestionFate =>
      kind === CLUSTER_REQUESTS.append && to === leader ? 'answer-lost' : 'carried'
    const leader = harness.leaderOf('logs')
    harness.peers.fate = loseAnswers
    const names = range(0, 8).map(String)
    await put(follower(), names)
    expect(await stored(leader)).to.deep.equal(names)
  })

  for (const seed of range(1, 13)) {
    it(`keeps the order and stores once, whatever the network loses (seed ${seed})`, async () => {
      await start(7)
      const random = seededRandom(seed)
      harness.peers.fate = ({ kind }) => {
        if (kind !== CLUSTER_REQUESTS.append && kind !== CLUSTER_REQUESTS.replicate) return 'carried'
        const drawn = random()
        return drawn < 0.08 ? 'lost' : drawn < 0.16 ? 'answer-lost' : 'carried'
      }
      harness.peers.delayMs = () => Math.floor(random() * 20)
      const acknowledged: string[] = []
      const tickets = range(0, 90).map((at) => {
        const name = `${1 + (at % 3)}-${at}`
        const ticket = harness.node(1 + (at % 3)).append('logs', bytes(name))
        ticket.onSettled(({ error }) => error ?? acknowledged.push(name))
        return ticket
      })
      await harness.until(Promise.allSettled(tickets.map((ticket) => ticket.done())))
      harness.peers.fate = () => 'carried'
      harness.peers.delayMs = () => 0
      await harness.advance(2000)
      const found = await stored(2)
      expect(new Set(found).size).to.equal(found.length)
      expect(found).to.include.members(acknowledged)
      for (const node of ['1', '2', '3']) {
        const own = found.filter((name) => name.startsWith(node)).map((name) => Number(name.slice(2)))
        expect(own).to.deep.equal([...own].sort((left, right) => left - right))
      }
    })
  }

  for (const seed of range(1, 7)) {
    it(`keeps the order of entries and batches of one connection, through any node, over rollovers (seed ${seed})`, async () => {
      await start(5, 50_000)
      const random = seededRandom(seed)
      harness.peers.fate = ({ kind }) =>
        kind === CLUSTER_REQUESTS.append && random() < 0.2 ? (random() < 0.5 ? 'lost' : 'answer-lost') : 'carried'
      const names = [1, 2, 3].map((): string[] => [])
      const tickets: Promise<void>[] = []
      for (const step of range(0, 60)) {
        const at = step % 3
        const own = names[at]!
        const { binary } = harness.node(at + 1)
        const count = random() < 0.4 ? 1 + Math.floor(random() * 3) : 0
        const entries = range(0, Math.max(1, count)).map((nth) => `${at}-${own.length + nth}`)
        own.push(...entries)
        const [first = ''] = entries
        const request = { command: 'append', topic: 'logs', producer: undefined, entries: entries.map(bytes) } as const
        tickets.push((count === 0 ? harness.node(at + 1).append('logs', bytes(first)) : binary.append(request)).done())
        if (random() < 0.3) await harness.advance(10)
      }
      await harness.until(Promise.all(tickets))
      const found = await stored(2)
      for (const [at, own] of names.entries())
        expect(found.filter((name) => name.startsWith(`${at}-`))).to.deep.equal(own)
      expect(found.length).to.equal(names.flat().length)
    })
  }
})
