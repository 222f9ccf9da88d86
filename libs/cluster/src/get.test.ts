import { WalrusError } from '@walrus/core'
import { expect } from 'chai'
import type { ClusterNode } from './cluster-node.js'
import {
  appendRange,
  bytes,
  codeOf,
  entryNames,
  getAll,
  Latch,
  NodeHarness,
  range,
  text,
  turns,
} from './node-harness.test.js'

describe('get', () => {
  let harness: NodeHarness
  let node: ClusterNode

  beforeEach(() => (harness = new NodeHarness()))
  afterEach(() => node.close())

  async function startWith(entries: number): Promise<void> {
    node = await harness.start({ segmentLimits: { segmentEntriesMax: 10 } })
    await node.register('logs')
    await Promise.all(appendRange(node, 'logs', 0, entries).map((ticket) => ticket.done()))
  }

  it('gives concurrent calls distinct entries, in the order of the calls, and then none', async () => {
    await startWith(25)
    const found = await Promise.all(range(0, 30).map(() => node.get('logs')))
    expect(found.map((entry) => text(entry?.data))).to.deep.equal([
      ...entryNames(0, 25),
      ...range(0, 5).map(() => undefined),
    ])
  })

  it('says that there is nothing, and finds what is appended after', async () => {
    await startWith(0)
    expect(await node.get('logs')).to.equal(undefined)
    await node.append('logs', bytes('first')).done()
    expect(text((await node.get('logs'))?.data)).to.equal('first')
    expect(await node.get('logs')).to.equal(undefined)
  })

  it('finds what was appended before the call and is not committed yet', async () => {
    await startWith(0)
    const ticket = node.append('logs', bytes('just now'))
    const entry = node.get('logs')
    expect(ticket.state).to.equal('pending')
    expect(text((await entry)?.data)).to.equal('just now')
  })

  it('finds what waits for a rollover when the call comes', async () => {
    await startWith(9)
    await getAll(node, 'logs')
    const tickets = appendRange(node, 'logs', 9, 12)
    expect(tickets[2]?.lastOffset).to.equal(-1)
    const found = await Promise.all(range(0, 4).map(() => node.get('logs')))
    expect(found.map((entry) => text(entry?.data))).to.deep.equal([...entryNames(9, 12), undefined])
  })

  it('is empty when the append that it waited for has failed', async () => {
    let failing = false
    harness.storageOptions = {
      commit: async () => {
        await turns(1)
        if (failing) throw new WalrusError('DISK_FULL', 'full')
      },
    }
    await startWith(0)
    failing = true
    const ticket = node.append('logs', bytes('lost'))
    expect(await node.get('logs')).to.equal(undefined)
    expect(ticket.state).to.equal('failed')
  })

  it('delivers nothing before the cursor is durably past it', async () => {
    const commits: Latch[] = []
    let slow = false
    harness.storageOptions = {
      commit: async () => {
        if (!slow) return
        commits.push(new Latch())
        await commits.at(-1)?.promise
      },
    }
    await startWith(3)
    slow = true
    let delivered: string | undefined
    const call = node.get('logs').then((entry) => (delivered = text(entry?.data)))
    await turns()
    expect([delivered, commits.length]).to.deep.equal([undefined, 1])
    slow = false
    commits[0]?.open()
    await call
    expect(delivered).to.equal('entry-0')
    expect(harness.disk.get('t_logs_s_1')?.topicState.cursors.get('shared')).to.equal(1)
  })

  it('commits once for all calls of one turn, and reads ahead once for many', async () => {
    let commits = 0
    let reads = 0
    harness.storageOptions = {
      commit: async () => {
        commits += 1
        await turns(1)
      },
      read: async () => {
        reads += 1
      },
    }
    await startWith(9)
    commits = 0
    await Promise.all(range(0, 5).map(() => node.get('logs')))
    await getAll(node, 'logs')
    expect([commits, reads]).to.deep.equal([1 + 4, 1 + 1])
  })

  it('never gives an entry twice over restarts, and skips none', async () => {
    await startWith(40)
    const found: string[] = []
    for (const round of range(0, 4)) {
      const taken = await Promise.all(range(0, 7 + round).map(() => node.get('logs')))
      found.push(...taken.map((entry) => text(entry?.data) ?? 'none'))
      harness.kill()
      node = await harness.start({ segmentLimits: { segmentEntriesMax: 10 } })
    }
    found.push(...(await getAll(node, 'logs')))
    expect(found).to.deep.equal(entryNames(0, 40))
  })

  it('fails the call whose cursor commit failed, and gives the entry to the next', async () => {
    let failing = false
    harness.storageOptions = {
      commit: async () => {
        await turns(1)
        if (failing) throw new WalrusError('DISK_FULL', 'full')
      },
    }
    await startWith(2)
    failing = true
    expect(await codeOf(node.get('logs'))).to.equal('DISK_FULL')
    failing = false
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(0, 2))
  })

  it('fails with what the read failed with, and tries again next time', async () => {
    let damaged = false
    harness.storageOptions = {
      read: async () => {
        if (damaged) throw new WalrusError('CORRUPT_DATA', 'Cannot read "x" at 7: its checksum does not match')
      },
    }
    await startWith(2)
    damaged = true
    expect(await codeOf(node.get('logs'))).to.equal('CORRUPT_DATA')
    damaged = false
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(0, 2))
  })

  it('does not skip a sealed segment that has lost entries', async () => {
    await startWith(25)
    harness.kill()
    harness.disk.get('t_logs_s_2')?.entries.pop()
    node = await harness.start()
    for (const at of range(0, 10)) expect((await node.get('logs'))?.offset).to.equal(at)
    expect(await codeOf(node.get('logs'))).to.equal('CORRUPT_DATA')
    expect(await codeOf(node.get('logs'))).to.equal('CORRUPT_DATA')
    await node.append('logs', bytes('still writable')).done()
  })

  it('times out when it gets no turn, and leaves the entry to others', async () => {
    const stuck = new Latch()
    let slow = false
    harness.storageOptions = { read: async () => (slow ? stuck.promise : undefined) }
    await startWith(1)
    slow = true
    const call = codeOf(node.get('logs'))
    await turns()
    harness.clock.advance(5000)
    expect(await call).to.equal('TIMED_OUT')
    stuck.open()
    expect(await getAll(node, 'logs')).to.deep.equal(['entry-0'])
  })

  it('does not answer "empty" to a call that came after an acknowledgement which the read did not see', async () => {
    const stuck = new Latch()
    await startWith(0)
    const segment = harness.storage.segment({ topic: 'logs', segment: 1 })!
    const read = segment.read.bind(segment)
    segment.read = async () => {
      segment.read = read
      await stuck.promise
      return []
    }
    const early = node.get('logs')
    await turns()
    await node.append('logs', bytes('acked')).done()
    const late = node.get('logs')
    stuck.open()
    expect([await early, text((await late)?.data)]).to.deep.equal([undefined, 'acked'])
  })

  it('forgets what it read ahead when nobody takes it', async () => {
    let reads = 0
    harness.storageOptions = {
      read: async () => {
        reads += 1
      },
    }
    await startWith(5)
    await node.get('logs')
    harness.clock.advance(10_000)
    await node.get('logs')
    expect(reads).to.equal(1)
    await turns(1)
    harness.clock.advance(20_000)
    expect((await node.get('logs'))?.offset).to.equal(2)
    expect(reads).to.equal(2)
  })

  it('knows no topic that nobody registered', async () => {
    await startWith(0)
    expect(await codeOf(node.get('nope'))).to.equal('UNKNOWN_TOPIC')
    expect(await codeOf(node.state('nope'))).to.equal('UNKNOWN_TOPIC')
    expect(() => node.append('nope', bytes('x'))).to.throw('unknown topic nope')
  })
})
