import type { LogStorage } from '@walrus/core'
import { crc32 } from '@walrus/protocol'
import {
  FaultyDisk,
  ManualClock,
  MemoryPeers,
  ScriptedMetadataLog,
  seededRandom,
  type Random,
  type ScriptedMetadataLogOptions,
} from '@walrus/testing'
import { openLogStorage, type FsyncSchedule } from '@walrus/wal'
import { expect } from 'chai'
import type { ClusterNode } from './cluster-node.js'
import { text } from './node-harness.test.js'
import { openNode } from './open-node.js'

export interface PoweredNodeOptions extends ScriptedMetadataLogOptions {
  /** 'each' unless told. */
  readonly fsync?: FsyncSchedule
}

/** A node alone over the storage engine, on a disk that loses what was not synced when the power goes. */
export class PoweredNode {
  readonly errors: string[] = []
  readonly #random: Random
  readonly #options: PoweredNodeOptions
  readonly #metadataDisk = { commands: [] }
  #disk: FaultyDisk
  clock!: ManualClock
  storage!: LogStorage
  metadata!: ScriptedMetadataLog
  node!: ClusterNode

  constructor(seed: number, options: PoweredNodeOptions = {}) {
    this.#random = seededRandom(seed)
    this.#options = options
    this.#disk = new FaultyDisk({ random: this.#random })
  }

  async start(): Promise<void> {
    const clock = (this.clock = new ManualClock({ autoDefer: true }))
    const onProblem = (error: Error): void => void this.errors.push(error.message)
    const sizes = { fileBytes: 256 * 1024, blockBytes: 4096 }
    const { fsync = { kind: 'each' } } = this.#options
    const directory = await this.#disk.open()
    this.storage = await openLogStorage({ directory, clock, checksum: crc32, fsync, onProblem, ...sizes })
    this.metadata = new ScriptedMetadataLog(this.#metadataDisk, this.#options)
    this.node = await openNode({
      nodeId: 1,
      address: '127.0.0.1:6000',
      storage: this.storage,
      metadata: this.metadata,
      peers: new MemoryPeers({ clock }).open(1),
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
