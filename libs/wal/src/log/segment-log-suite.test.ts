import {
  FaultyDisk,
  seededRandom,
  segmentLogSuite,
  stopAtBoundary,
  type FaultyDiskOptions,
  type LogPlace,
  type Random,
} from '@walrus/testing'
import { expect } from 'chai'
import { damageIn, openStorage } from '../harness.test.js'
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
    crashesPerPoint: 2,
    place: async (stopAt, seed) => new DiskPlace(settings, stopAt, seededRandom(seed ?? 1)),
  })
}

/** A disk that loses and tears what was not synced when the power goes, and none of it when only the process dies. */
class DiskPlace implements LogPlace {
  readonly #settings: Settings
  readonly #random: Random
  #disk: FaultyDisk

  constructor(settings: Settings, stopAt: number | undefined, random: Random) {
    this.#settings = settings
    this.#random = random
    this.#disk = new FaultyDisk(stoppingAt(stopAt))
  }

  get stopped(): Promise<void> {
    return this.#disk.stopped
  }

  get pointCount(): number {
    return this.#disk.boundaryCount
  }

  async open(): Promise<SegmentStore> {
    expect(await damageIn(this.#disk), 'what the inspector finds').to.deep.equal([])
    return openStorage(this.#disk, this.#settings)
  }

  async crash(stopAt?: number): Promise<void> {
    const processDies = this.#random() < 0.3
    this.#disk = this.#disk.crash(processDies ? () => 0 : this.#random, stoppingAt(stopAt))
  }

  async remove(): Promise<void> {}
}

function stoppingAt(point: number | undefined): FaultyDiskOptions {
  return point === undefined ? {} : { onOperation: stopAtBoundary(point) }
}
