import type { BlockFileDirectory, LogStorage } from '@walrus/core'
import { crc32 } from '@walrus/protocol'
import { FaultyDisk, randomBelow, type DiskOperation, type Random, type Verdict } from '@walrus/testing'
import { openLogStorage } from '@walrus/wal'
import type { SimulatedProcess } from './simulated-process.js'

/** Sizes that make files and blocks be filled, freed and used again. */
export interface StorageSizes {
  readonly fileBytes: number
  readonly blockBytes: number
}

/** What the disk does to calls from now on. */
export interface DiskFaults {
  /** Of each write and sync. */
  readonly latencyMsMax: number
  /** Of each write and sync: it fails; a failed sync is fatal for its file. */
  readonly failureChance: number
  /** No file can be created any more. */
  readonly isFull: boolean
}

export const NO_DISK_FAULTS: DiskFaults = { latencyMsMax: 1, failureChance: 0, isFull: false }

/** The disk of a machine that the storage engine stands on. It outlives the lives of the machine. */
export class StorageDisk {
  faults: DiskFaults = NO_DISK_FAULTS
  /** A call has failed since the storage was opened: some of its files may take no more writes. */
  hasFailed = false
  readonly #random: Random
  readonly #sizes: StorageSizes
  #process: SimulatedProcess | undefined
  #disk: FaultyDisk

  constructor(random: Random, sizes: StorageSizes) {
    this.#random = random
    this.#sizes = sizes
    this.#disk = new FaultyDisk({ random, onOperation: (operation) => this.#onOperation(operation) })
  }

  async open(
    process: SimulatedProcess,
    onProblem: (error: Error) => void,
    wrap: (directory: BlockFileDirectory) => BlockFileDirectory = (directory) => directory,
  ): Promise<LogStorage> {
    this.#process = process
    this.hasFailed = false
    const directory = wrap(await this.#disk.open())
    return await openLogStorage({ directory, clock: process, checksum: crc32, onProblem, ...this.#sizes })
  }

  heal(): void {
    this.faults = NO_DISK_FAULTS
  }

  /** The process is killed: the system keeps what was written. */
  kill(): void {
    this.#disk = this.#disk.kill({ onOperation: (operation) => this.#onOperation(operation) })
  }

  /** The power goes: of what was not synced, each sector is there or not. */
  losePower(): void {
    this.#disk = this.#disk.crash(this.#random, { onOperation: (operation) => this.#onOperation(operation) })
  }

  #onOperation(operation: DiskOperation): Verdict | Promise<Verdict> {
    const process = this.#process
    if (operation.moment !== 'before' || process === undefined) return undefined
    return this.#delayed(process, operation.kind)
  }

  async #delayed(process: SimulatedProcess, kind: DiskOperation['kind']): Promise<Verdict> {
    await process.sleep(randomBelow(this.#random, this.faults.latencyMsMax + 1))
    // What waits while the disk is replaced does not fail any more.
    const { failureChance, isFull } = this.faults
    if (kind === 'create' && isFull) return 'ENOSPC'
    if (kind === 'remove' || this.#random() >= failureChance) return undefined
    this.hasFailed = true
    return 'EIO'
  }
}
