import { EMPTY_TOPIC_STATE, WalrusError, type EncodedBatch, type NodeId } from '@walrus/core'
import {
  CLUSTER_REQUESTS,
  copySegmentRequest,
  fenceAnswer,
  fenceRequest,
  fetchBatchesAnswer,
  fetchBatchesRequest,
  replicateAnswer,
  replicateRequest,
  wholeCopyAnswer,
  wholeCopyRequest,
  type ReplicateRequest,
} from '@walrus/protocol'
import { MemoryLogStorage } from '@walrus/testing'
import { expect } from 'chai'
import fc from 'fast-check'
import { TestCluster } from './replication-harness.test.js'

describe('a replica', () => {
  let cluster: TestCluster
  let batches: readonly EncodedBatch[]

  beforeEach(async () => {
    cluster = new TestCluster({ limits: { silenceMs: 1e9 } })
    await cluster.start('logs')
    const log = new MemoryLogStorage().create({ ...key, baseOffset: 0, epoch: epoch(), topicState: EMPTY_TOPIC_STATE })
    await log.append(Uint8Array.of(1)).done()
    await log.append(Uint8Array.of(2)).done()
    batches = await log.readBatches(0, 1e6)
  })

  afterEach(() => cluster.close())

  it('takes what its leader sends, in order, and says what it has', async () => {
    expect(await sent({ batches: [batches[0]!.bytes] })).to.deep.equal({ result: 'durable', value: 1 })
    expect(await sent({ position: 1, batches: [batches[1]!.bytes] })).to.deep.equal({ result: 'durable', value: 2 })
    expect(copy()!.entryCount).to.equal(2)
  })

  it('names where it ends to a stretch that begins elsewhere', async () => {
    expect(await sent({ position: 1, batches: [batches[1]!.bytes] })).to.deep.equal({ result: 'gap', value: 0 })
    await sent({ batches: [batches[0]!.bytes] })
    expect(await sent({ batches: [batches[0]!.bytes] })).to.deep.equal({ result: 'gap', value: 1 })
    expect(await sent({ position: 1 })).to.deep.equal({ result: 'durable', value: 1 })
    expect(copy()!.entryCount).to.equal(1)
  })

  it('takes stretches that come while it waits for metadata, in their order', async () => {
    cluster.metadata.delayMs = (node) => (node === 2 ? 300 : 0)
    await cluster.createTopic('late', 'quorum', [1, 2, 3])
    await cluster.run(400)
    const segment = cluster.last('late')
    const late = { topic: 'late', epoch: segment.epoch }
    const log = new MemoryLogStorage().create({ ...key, ...late, baseOffset: 0, topicState: EMPTY_TOPIC_STATE })
    await log.append(Uint8Array.of(1)).done()
    await log.append(Uint8Array.of(2)).done()
    const [first, second] = await log.readBatches(0, 1e6)
    cluster.crash(2)
    cluster.open(2)
    const answers = [
      sent({ ...late, batches: [first!.bytes] }),
      sent({ ...late, position: 1, batches: [second!.bytes] }),
    ]
    expect((await Promise.all(answers)).map(({ value }) => value)).to.deep.equal([1, 2])
  })

  it('refuses after a while what its metadata does not know', async () => {
    expect(await codeOf(sent({ topic: 'nothing' }))).to.equal('UNAVAILABLE')
    expect(await codeOf(sent({ epoch: epoch() + 1 }))).to.equal('UNAVAILABLE')
  })

  it('takes nothing from a node that does not lead the segment', async () => {
    expect(await codeOf(sent({ batches: [batches[0]!.bytes] }, 3))).to.equal('INVALID_ARGUMENT')
    expect(copy()).to.equal(undefined)
  })

  it('takes nothing that is damaged', async () => {
    const damaged = new Uint8Array(batches[0]!.bytes)
    damaged[damaged.length - 1]! ^= 1
    expect(await codeOf(sent({ batches: [damaged] }))).to.equal('CORRUPT_DATA')
    expect(copy()?.entryCount ?? 0).to.equal(0)
  })

  it('that was fenced takes nothing more, though it has no copy yet', async () => {
    const old = epoch()
    await fenced()
    expect(await sent({ epoch: old, batches: [batches[0]!.bytes] })).to.deep.equal({ result: 'stale', value: old + 1 })
    expect(copy()).to.equal(undefined)
  })

  it('that was fenced has said how much it has, and knows the epoch after a restart', async () => {
    await sent({ batches: batches.map(({ bytes }) => bytes) })
    const old = epoch()
    const answer = await fenced()
    expect(answer).to.deep.equal({ createdEpoch: old, entryCount: 2, controlCount: 0, damaged: false })
    expect(await sent({ epoch: old, position: 2 })).to.deep.equal({ result: 'stale', value: old + 1 })
    cluster.crash(2)
    cluster.open(2)
    expect(copy()!.fencedEpoch).to.equal(old + 1)
  })

  it('cannot be fenced with an epoch that is over', async () => {
    const old = epoch()
    await fenced()
    const again = fenceRequest.encode({ ...key, epoch: old })
    expect(await codeOf(asked(CLUSTER_REQUESTS.fence, again, 3))).to.equal('NOT_LEADER')
  })

  it('cannot be fenced while the metadata says that the segment is open', async () => {
    const early = fenceRequest.encode({ ...key, epoch: epoch() })
    expect(await codeOf(asked(CLUSTER_REQUESTS.fence, early, 3))).to.equal('NOT_LEADER')
    expect(await sent({ batches: [batches[0]!.bytes] })).to.deep.equal({ result: 'durable', value: 1 })
  })

  it('has a new copy once what is left of a deleted topic with the same name is gone', async () => {
    await sent({ batches: batches.map(({ bytes }) => bytes) })
    const old = epoch()
    cluster.crash(2)
    const { metadata } = cluster.node(1)
    await cluster.settled(metadata.propose({ kind: 'DeleteTopic', topic: 'logs', epoch: old }))
    await cluster.createTopic('logs', 'quorum', [1, 2, 3])
    cluster.open(2)
    await cluster.until(() => copy() === undefined)
    const log = new MemoryLogStorage().create({ ...key, baseOffset: 0, epoch: epoch(), topicState: EMPTY_TOPIC_STATE })
    await log.append(Uint8Array.of(9)).done()
    const [batch] = await log.readBatches(0, 1e6)
    expect(await sent({ batches: [batch!.bytes] })).to.deep.equal({ result: 'durable', value: 1 })
    expect(copy()!.epoch).to.equal(epoch()).and.not.equal(old)
  })

  it('copies nothing of a deleted topic with the same name', async () => {
    const old = { ...key, baseOffset: 0, epoch: epoch(), position: 0, committedCount: 0, startState: EMPTY_TOPIC_STATE }
    const payload = replicateRequest.encode({ ...old, batches: batches.map(({ bytes }) => bytes) })
    await cluster.settled(cluster.node(1).peer.request(3, CLUSTER_REQUESTS.replicate, payload, 5_000))
    cluster.crash(3)
    const { metadata } = cluster.node(1)
    await cluster.settled(metadata.propose({ kind: 'DeleteTopic', topic: 'logs', epoch: epoch() }))
    await cluster.createTopic('logs', 'quorum', [1, 2, 3])
    cluster.open(3)
    await cluster.run(50)
    await fenced()
    const question = copySegmentRequest.encode({ ...key, epoch: epoch(), entryCount: 2, controlCount: 0, source: 3 })
    expect(await codeOf(asked(CLUSTER_REQUESTS.copySegment, question, 3))).to.equal('UNAVAILABLE')
    expect(copy()).to.equal(undefined)
  })

  it('gives what it has to whoever completes a copy', async () => {
    const startState = { cursors: new Map([['shared', 3]]), producers: new Map() }
    await sent({ startState, batches: batches.map(({ bytes }) => bytes) })
    const fetch = async (position: number): Promise<ReturnType<typeof fetchBatchesAnswer.decode>> => {
      const question = fetchBatchesRequest.encode({ ...key, position, maxBytes: 1 })
      return fetchBatchesAnswer.decode(await asked(CLUSTER_REQUESTS.fetchBatches, question))
    }
    const common = { baseOffset: 0, createdEpoch: epoch() }
    expect(await fetch(0)).to.deep.equal({ ...common, topicState: startState, batches: [batches[0]!.bytes] })
    expect(await fetch(1)).to.deep.equal({ ...common, topicState: EMPTY_TOPIC_STATE, batches: [batches[1]!.bytes] })
    expect(await fetch(2)).to.deep.equal({ ...common, topicState: EMPTY_TOPIC_STATE, batches: [] })
    expect(await codeOf(fetch(3))).to.equal('INVALID_ARGUMENT')
  })

  it('says that it has a whole copy only of what is sealed, and only when it has', async () => {
    await sent({ batches: [batches[0]!.bytes] })
    const question = wholeCopyRequest.encode(key)
    expect(await codeOf(asked(CLUSTER_REQUESTS.wholeCopy, question))).to.equal('UNAVAILABLE')
    const next = { nextLeader: 1, nextReplicas: [1, 2, 3] }
    const counts = { entryCount: 2, controlCount: 0 }
    const command = { kind: 'SealAndRoll', ...key, epoch: epoch(), ...counts, ...next } as const
    cluster.peers.cut(2, 1)
    cluster.peers.cut(2, 3)
    await cluster.settled(cluster.node(1).metadata.propose(command))
    await cluster.run(20)
    const answer = wholeCopyAnswer.decode(await cluster.settled(serviceOf(CLUSTER_REQUESTS.wholeCopy, question)))
    expect(answer).to.deep.equal({ whole: false, topicState: EMPTY_TOPIC_STATE })
  })

  it('copies only what is fenced or sealed', async () => {
    const counts = { entryCount: 1, controlCount: 0 }
    const question = copySegmentRequest.encode({ ...key, ...counts, epoch: epoch(), source: 3 })
    expect(await codeOf(asked(CLUSTER_REQUESTS.copySegment, question))).to.equal('NOT_LEADER')
  })

  it('copies nothing beyond the end that its metadata has, though a second coordinator asks for it', async () => {
    const longer = {
      ...key,
      baseOffset: 0,
      epoch: epoch(),
      position: 0,
      committedCount: 0,
      startState: EMPTY_TOPIC_STATE,
    }
    const payload = replicateRequest.encode({ ...longer, batches: batches.map(({ bytes }) => bytes) })
    await cluster.settled(cluster.node(1).peer.request(3, CLUSTER_REQUESTS.replicate, payload, 5_000))
    await fenced()
    const underFence = { ...key, epoch: epoch() }
    const next = { nextLeader: 1, nextReplicas: [1, 2, 3] }
    // Node 3 does not learn of the seal, and so does not give its tail up.
    cluster.metadata.delayMs = (node) => (node === 3 ? 1e6 : 0)
    const seal = { kind: 'SealAndRoll', ...underFence, entryCount: 1, controlCount: 0, ...next } as const
    await cluster.settled(cluster.node(1).metadata.propose(seal))
    await cluster.run(20)
    const copied = async (entryCount: number): Promise<string> => {
      const question = copySegmentRequest.encode({ ...underFence, entryCount, controlCount: 0, source: 3 })
      return await codeOf(asked(CLUSTER_REQUESTS.copySegment, question, 3))
    }
    expect(await copied(2)).to.equal('NOT_LEADER')
    expect([await copied(1), copy()?.position]).to.deep.equal(['resolved', 1])
    expect([await copied(2), copy()?.position]).to.deep.equal(['NOT_LEADER', 1])
  })

  it('answers nonsense with an error', async () => {
    for (const kind of [16, 17, 18, 19, 20]) {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 12 }), async (payload) => {
          expect(await serviceOf(kind, payload).then(String, codeOfError)).to.equal('INVALID_ARGUMENT')
        }),
        { numRuns: 20 },
      )
    }
  })

  const key = { topic: 'logs', segment: 1 }

  function epoch(): number {
    return cluster.last('logs').epoch
  }

  function copy(): ReturnType<MemoryLogStorage['segment']> {
    return cluster.node(2).storage.segment(key)
  }

  /** What node 2 makes of a stretch from the leader, or from another node. */
  async function sent(of: Partial<ReplicateRequest>, from: NodeId = 1): Promise<{ result: string; value: number }> {
    const common = { ...key, baseOffset: 0, epoch: epoch(), position: 0, committedCount: 0, batches: [] }
    const startState = (of.position ?? 0) === 0 ? EMPTY_TOPIC_STATE : undefined
    const payload = replicateRequest.encode({ ...common, startState, ...of })
    return replicateAnswer.decode(await asked(CLUSTER_REQUESTS.replicate, payload, from)) as never
  }

  async function fenced(): Promise<unknown> {
    const command = { kind: 'FenceSegment', ...key, epoch: epoch() } as const
    // Nobody recovers it: the coordinator cannot ask.
    cluster.peers.fate = ({ from, kind }) => (from !== 3 && kind === CLUSTER_REQUESTS.fence ? 'lost' : 'carried')
    await cluster.settled(cluster.node(1).metadata.propose(command))
    return fenceAnswer.decode(await asked(CLUSTER_REQUESTS.fence, fenceRequest.encode({ ...key, epoch: epoch() }), 3))
  }

  async function asked(kind: number, payload: Uint8Array, from: NodeId = 1): Promise<Uint8Array> {
    return await cluster.settled(cluster.node(from).peer.request(2, kind, payload, 5_000))
  }

  /** What node 2 itself makes of the question, whatever the links. */
  function serviceOf(kind: number, payload: Uint8Array): Promise<Uint8Array> {
    return cluster.node(2).peer.answer({ from: 1, to: 2, kind, payload })
  }
})

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(() => 'resolved', codeOfError)
}

function codeOfError(error: unknown): string {
  return error instanceof WalrusError ? error.code : String(error)
}
