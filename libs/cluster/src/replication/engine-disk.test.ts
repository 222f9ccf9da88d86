import type { Clock, LogStorage } from '@walrus/core'
import { crc32 } from '@walrus/protocol'
import { FaultyDisk, type OnOperation, type Random } from '@walrus/testing'
import { openLogStorage } from '@walrus/wal'
import type { TestDisk } from './replication-harness.test.js'

/** The storage engine on a disk that loses what was not synced. */
export class EngineDisk implements TestDisk {
  readonly #random: Random
  readonly #onOperation: OnOperation
  #beforeCommit: () => Promise<void> = () => Promise.resolve()
  #disk: FaultyDisk
  #damaged = false

  constructor(random: Random) {
    this.#random = random
    this.#onOperation = async ({ moment, kind }) => {
      if (moment !== 'before' || kind === 'remove') return undefined
      return await this.#beforeCommit().then(
        () => undefined,
        () => 'EIO' as const,
      )
    }
    this.#disk = new FaultyDisk({ random, onOperation: this.#onOperation })
  }

  async open(clock: Clock, beforeCommit: () => Promise<void>): Promise<LogStorage> {
    this.#beforeCommit = beforeCommit
    const directory = await this.#disk.open()
    const onProblem = (error: Error): void => {
      if (!this.#damaged) throw error
    }
    const sizes = { fileBytes: 256 * 1024, blockBytes: 4096 }
    return await openLogStorage({ directory, clock, checksum: crc32, onProblem, ...sizes })
  }

  crash(): void {
    this.#disk = this.#disk.crash(this.#random, { onOperation: this.#onOperation })
  }

  /** The process dies, and everything that it has written is there. */
  kill(): void {
    this.#disk = this.#disk.kill({ onOperation: this.#onOperation })
  }

  /** One bit of the entry is not what was written. */
  flip(entry: string): void {
    this.#damaged = true
    const found = this.#disk.fileNames.map((file) => ({
      file,
      at: Buffer.from(this.#disk.contents(file) ?? []).indexOf(entry),
    }))
    for (const { file, at } of found) if (at >= 0) this.#disk.flipBit(file, at)
  }
}
