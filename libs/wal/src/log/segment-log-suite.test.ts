import { FaultyDisk, seededRandom, segmentLogSuite, stopAtBoundary, type LogPlace, type Random } from '@walrus/testing'
import { openStorage } from '../harness.test.js'
import type { WalrusOptions } from '../walrus-options.js'
import type { SegmentStore } from './segment-store.js'

type Settings = Partial<Omit<WalrusOptions, 'directory'>>

const SCHEDULES: readonly (readonly [string, Settings])[] = [
  ['a sync for each commit', {}],
  ['small batches', { batchBytesMax: 500 }],
  ['files of many blocks', { fileBytes: 1024 * 1024, blockBytes: 16 * 1024 }],
]

for (const [name, settings] of SCHEDULES) {
  segmentLogSuite({
    name: `the engine, ${name}`,
    place: async (stopAt, seed) => new DiskPlace(settings, stopAt, seededRandom(seed ?? 1)),
  })
}

/** A disk that loses and tears what was not synced when the power goes. */
class DiskPlace implements LogPlace {
  readonly #settings: Settings
  readonly #random: Random
  readonly stopped: Promise<void>
  readonly #first: FaultyDisk
  #disk: FaultyDisk

  constructor(settings: Settings, stopAt: number | undefined, random: Random) {
    this.#settings = settings
    this.#random = random
    this.#first = new FaultyDisk(stopAt === undefined ? {} : { onOperation: stopAtBoundary(stopAt) })
    this.#disk = this.#first
    this.stopped = this.#first.stopped
  }

  get pointCount(): number {
    return this.#first.boundaryCount
  }

  open(): Promise<SegmentStore> {
    return openStorage(this.#disk, this.#settings)
  }

  async crash(): Promise<void> {
    this.#disk = this.#disk.crash(this.#random)
  }

  async remove(): Promise<void> {}
}
