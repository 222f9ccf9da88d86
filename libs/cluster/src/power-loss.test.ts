import { crc32 } from '@walrus/protocol'
import { FaultyDisk, ManualClock, ScriptedMetadataLog, randomBelow, seededRandom, type Random } from '@walrus/testing'
import { openLogStorage } from '@walrus/wal'
import type { LogStorage } from '@walrus/core'
import { expect } from 'chai'
import type { ClusterNode } from './cluster-node.js'
import { openNode } from './open-node.js'
import { appendRange, getAll, range, text, turns } from './node-harness.test.js'

/** A node over the storage engine, on a disk that loses what was not synced when the power goes. */
class PoweredNode {
  readonly errors: string[] = []
  readonly #random: Random
  readonly #metadataDisk = { commands: [] }
  #disk: FaultyDisk
  storage!: LogStorage
  metadata!: ScriptedMetadataLog
  node!: ClusterNode

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#disk = new FaultyDisk({ random: this.#random })
  }

  async start(): Promise<void> {
    const clock = new ManualClock({ autoDefer: true })
    const onProblem = (error: Error): void => void this.errors.push(error.message)
    const sizes = { fileBytes: 256 * 1024, blockBytes: 4096 }
    this.storage = await openLogStorage({
      directory: await this.#disk.open(),
      clock,
      checksum: crc32,
      onProblem,
      ...sizes,
    })
    this.metadata = new ScriptedMetadataLog(this.#metadataDisk)
    this.node = await openNode({
      nodeId: 1,
      address: '127.0.0.1:6000',
      storage: this.storage,
      metadata: this.metadata,
      clock,
      segmentLimits: { segmentEntriesMax: 10 },
      report: (level, message, fields) => {
        if (level === 'error') this.errors.push(`${message}: ${JSON.stringify(fields)}`)
      },
    })
  }

  async losePower(): Promise<void> {
    this.#disk = this.#disk.crash(this.#random)
    await this.start()
  }

  async close(): Promise<void> {
    await this.node.close()
    await this.storage.close()
  }

  /** Every entry of the topic, in the order of offsets, which must have no hole. */
  async stored(topic: string): Promise<string[]> {
    const names: string[] = []
    for (const { id, baseOffset } of this.metadata.state.topics.get(topic)?.segments ?? []) {
      expect(baseOffset).to.equal(names.length)
      const log = this.storage.segment({ topic, segment: id })
      for (const entry of (await log?.read(0, { maxEntries: 1000, maxBytes: 100_000 })) ?? []) {
        expect(entry.offset).to.equal(names.length)
        names.push(text(entry.data) ?? '')
      }
    }
    return names
  }
}

describe('power loss, over the storage engine', () => {
  for (const seed of range(1, 31)) {
    it(`loses and repeats nothing that was acknowledged (seed ${seed})`, async () => {
      const random = seededRandom(1000 + seed)
      const powered = new PoweredNode(seed)
      const acknowledged: string[] = []
      const delivered: string[] = []
      let next = 0
      await powered.start()
      await powered.node.register('logs')
      for (let life = 0; life < 6; life += 1) {
        for (let step = 0; step < 8; step += 1) {
          const count = randomBelow(random, 9)
          for (const ticket of appendRange(powered.node, 'logs', next, next + count)) {
            const name = `entry-${next++}`
            ticket.onSettled(() => ticket.state === 'committed' && acknowledged.push(name))
          }
          for (let at = randomBelow(random, 5); at > 0; at -= 1) {
            void powered.node.get('logs').then(
              (entry) => entry && delivered.push(text(entry.data) ?? ''),
              () => undefined,
            )
          }
          await turns(randomBelow(random, 6))
        }
        await powered.losePower()
      }
      delivered.push(...(await getAll(powered.node, 'logs')))
      const stored = await powered.stored('logs')
      expect(acknowledged.length).to.be.above(20)
      expect(stored.filter((name) => acknowledged.includes(name))).to.deep.equal(acknowledged)
      expect(new Set(delivered).size).to.equal(delivered.length)
      expect(stored.filter((name) => delivered.includes(name))).to.deep.equal(delivered)
      expect(powered.errors).to.deep.equal([])
      await powered.close()
    })
  }
})
