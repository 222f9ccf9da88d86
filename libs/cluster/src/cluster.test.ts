import { DEFAULT_TOPIC_CONFIG } from '@walrus/core'
import { expect } from 'chai'
import { ClusterHarness } from './cluster-harness.test.js'
import type { ClusterNode } from './cluster-node.js'
import { bytes, codeOf, range, text } from './node-harness.test.js'

const tenEach = { segmentLimits: { segmentEntriesMax: 10 } }

describe('three nodes', () => {
  for (const replicationFactor of [1, 3]) {
    describe(`with ${replicationFactor} copies`, () => {
      let harness: ClusterHarness
      let nodes: ClusterNode[]

      const start = async (): Promise<void> => {
        harness = new ClusterHarness([1, 2, 3], {
          ...tenEach,
          topicConfig: { ...DEFAULT_TOPIC_CONFIG, replicationFactor },
        })
        nodes = await harness.start()
        await harness.until(nodes[0]!.register('logs'))
      }

      afterEach(() => harness.close())

      it('keep what was decided of one that was away, though it comes back at another address', async () => {
        await start()
        harness.kill(2)
        const gone = harness.metadata.stateOf(1).nodes.get(2)!
        await harness.until(harness.metadata.open(1).propose({ kind: 'UpsertNode', node: { ...gone, draining: true } }))
        await harness.until(harness.open(2, { address: 'elsewhere:2' }))
        const { address, draining } = harness.metadata.stateOf(1).nodes.get(2)!
        expect({ address, draining }).to.deep.equal({ address: 'elsewhere:2', draining: true })
      })

      it('store what any of them takes, in order, and all lead', async () => {
        await start()
        const tickets = range(0, 95).map((at) => nodes[at % 3]!.append('logs', bytes(`entry-${at}`)))
        await harness.until(Promise.all(tickets.map((ticket) => ticket.done())))
        await harness.advance(100)
        const state = await harness.until(nodes[1]!.state('logs'))
        expect(state.sealed_segments).to.deep.equal(Object.fromEntries(range(1, 10).map((id) => [id, 10])))
        expect(new Set(Object.values(state.segment_leaders))).to.deep.equal(new Set([1, 2, 3]))
        for (const node of nodes) {
          const found = await readAll(harness, node)
          expect(found.map((entry) => entry.offset)).to.deep.equal(range(0, 95))
          expect(found.map((entry) => entry.data).sort()).to.deep.equal(
            range(0, 95)
              .map((at) => `entry-${at}`)
              .sort(),
          )
          for (const at of range(0, 3)) expect(ofNode(found, at)).to.deep.equal(sorted(ofNode(found, at)))
        }
      })

      it('lose, repeat and reorder nothing of 64 concurrent writers', async () => {
        await start()
        const writers = range(0, 64).map((writer) => write(nodes[writer % 3]!, writer, 12))
        const offsets = await harness.until(Promise.all(writers))
        const found = await readAll(harness, nodes[2]!)
        expect(found.length).to.equal(64 * 12)
        expect(new Set(found.map((entry) => entry.data)).size).to.equal(64 * 12)
        for (const [writer, own] of offsets.entries()) {
          expect(
            found.filter((entry) => entry.data.startsWith(`w${writer}-`)).map((entry) => entry.data),
          ).to.deep.equal(range(0, 12).map((at) => `w${writer}-${at}`))
          for (const [at, offset] of own.entries())
            if (offset >= 0) expect(found[offset]?.data).to.equal(`w${writer}-${at}`)
        }
        const state = await harness.until(nodes[0]!.state('logs'))
        expect(new Set(Object.values(state.sealed_segments))).to.deep.equal(new Set([10]))
      })

      it('deliver each entry once, whoever is asked', async () => {
        await start()
        const tickets = range(0, 57).map((at) => nodes[0]!.append('logs', bytes(`entry-${at}`)))
        await harness.until(Promise.all(tickets.map((ticket) => ticket.done())))
        const readers = nodes.flatMap((node) => range(0, 4).map(() => take(node)))
        const taken = (await harness.until(Promise.all(readers))).flat()
        expect(taken.sort()).to.deep.equal(
          range(0, 57)
            .map((at) => `entry-${at}`)
            .sort(),
        )
      })

      it('know at once what another one has registered, and say for certain what nobody has', async () => {
        await start()
        for (const at of range(0, 6)) {
          await harness.until(nodes[at % 3]!.register(`topic-${at}`))
          const ticket = nodes[(at + 1) % 3]!.append(`topic-${at}`, bytes('first'))
          const got = nodes[(at + 2) % 3]!.get(`topic-${at}`)
          await harness.until(ticket.done())
          await harness.until(got)
          expect(await codeOf(harness.until(nodes[at % 3]!.append('nobody', bytes('x')).done()))).to.equal(
            'UNKNOWN_TOPIC',
          )
          expect(await codeOf(harness.until(nodes[at % 3]!.get('nobody')))).to.equal('UNKNOWN_TOPIC')
          expect(await codeOf(harness.until(nodes[at % 3]!.state('nobody')))).to.equal('UNKNOWN_TOPIC')
        }
      })

      it('deliver in order to one reader, and carry the cursor along with the lead', async () => {
        await start()
        for (const from of range(0, 6)) {
          const tickets = range(0, 9).map((at) => nodes[from % 3]!.append('logs', bytes(`${from * 9 + at}`)))
          await harness.until(Promise.all(tickets.map((ticket) => ticket.done())))
          for (const at of range(0, 9)) {
            const entry = await harness.until(nodes[(from + at) % 3]!.get('logs'))
            expect(text(entry?.data)).to.equal(`${from * 9 + at}`)
          }
          expect(await harness.until(nodes[1]!.get('logs'))).to.equal(undefined)
        }
      })

      it('show to each other at once what was acknowledged', async () => {
        await start()
        for (const at of range(0, 30)) {
          await harness.until(nodes[at % 3]!.append('logs', bytes(`${at}`)).done())
          expect(text((await harness.until(nodes[(at + 1) % 3]!.get('logs')))?.data)).to.equal(`${at}`)
        }
      })
    })
  }
})

interface Found {
  readonly offset: number
  readonly data: string
}

async function readAll(harness: ClusterHarness, node: ClusterNode): Promise<Found[]> {
  const found: Found[] = []
  for (;;) {
    const entries = await harness.until(node.fetch('logs', found.length, { maxEntries: 1000, maxBytes: 1e6 }))
    if (entries.length === 0) return found
    found.push(...entries.map((entry) => ({ offset: entry.offset, data: text(entry.data) ?? '' })))
  }
}

/** One at a time; the offset of each, −1 where nobody knows it. */
async function write(node: ClusterNode, writer: number, count: number): Promise<number[]> {
  const offsets: number[] = []
  for (const at of range(0, count)) {
    const ticket = node.append('logs', bytes(`w${writer}-${at}`))
    await ticket.done()
    offsets.push(ticket.firstOffset === ticket.lastOffset ? ticket.lastOffset : -1)
  }
  return offsets
}

async function take(node: ClusterNode): Promise<string[]> {
  const taken: string[] = []
  for (let entry = await node.get('logs'); entry !== undefined; entry = await node.get('logs')) {
    taken.push(text(entry.data) ?? '')
  }
  return taken
}

function ofNode(found: readonly Found[], node: number): number[] {
  return found.map((entry) => Number(entry.data.slice('entry-'.length))).filter((at) => at % 3 === node)
}

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((left, right) => left - right)
}
