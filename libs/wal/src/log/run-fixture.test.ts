import type { BlockFile } from '@walrus/core'
import { crc32, type ControlRecord } from '@walrus/protocol'
import { FaultyDisk } from '@walrus/testing'
import { Run, type RunPlace } from '../blocks/run.js'
import { StoreFile } from '../blocks/store-file.js'
import { BatchTicket } from '../commit/batch-ticket.js'
import { BufferPool } from '../commit/buffer-pool.js'
import { OpenBatch } from '../commit/open-batch.js'
import type { BlockSlot, Generation } from '../format/block-slot.js'
import { FRAME_BYTES, writeFrame } from '../format/frame.js'
import { geometryOf } from '../format/geometry.js'
import { encodeControlBatch } from './control-batch.js'

const FILE_ID = 1
export const FILE_NAME = '000000000001'
export const BLOCK_BYTES = 4096

/** A block file, and what a test writes into its blocks by hand. */
export class BlockFileFixture {
  readonly disk: FaultyDisk
  readonly file: BlockFile
  readonly store: StoreFile
  /** Bytes of each read, in order. */
  readonly readLengths: number[] = []
  #sequence = 0
  #nextBlock = 0

  private constructor(disk: FaultyDisk, file: BlockFile, blockCount: number) {
    this.disk = disk
    this.file = file
    const noted = Object.create(file, { read: { value: this.#noteRead.bind(this) } }) as BlockFile
    const superblock = { geometry: geometryOf(BLOCK_BYTES, blockCount), fileId: FILE_ID, createdMs: 0, openCount: 1 }
    this.store = new StoreFile(noted, superblock, crc32, true)
  }

  static async create(blockCount = 16): Promise<BlockFileFixture> {
    const disk = new FaultyDisk()
    const directory = await disk.open()
    const { fileBytes } = geometryOf(BLOCK_BYTES, blockCount)
    return new BlockFileFixture(disk, await directory.create(FILE_NAME, fileBytes), blockCount)
  }

  /** The next blocks, as a run to write to. */
  run(of: Partial<RunNumbers> & { readonly blockCount?: number } = {}): RunFixture {
    const { blockCount = 1, number = 0, firstIndex = 0, firstPosition = firstIndex } = of
    const generation = { openCount: 1, sequence: ++this.#sequence }
    const place = { file: this.store, firstBlock: this.#nextBlock, blockCount, generation }
    this.#nextBlock += blockCount
    return new RunFixture(this, place, { number, firstIndex, firstPosition })
  }

  #noteRead(position: number, length: number): Promise<Uint8Array> {
    this.readLengths.push(length)
    return this.file.read(position, length)
  }
}

/** A batch's place and what its frame says, where a test wants something else than what comes naturally. */
interface Placing {
  readonly durableBytes?: number
  readonly generation?: Generation
  readonly firstIndex?: number
}

interface RunNumbers {
  readonly number: number
  readonly firstIndex: number
  /** As `firstIndex`, unless there are control batches before. */
  readonly firstPosition: number
}

/** A run that a test fills. */
export class RunFixture {
  readonly file: BlockFileFixture
  readonly place: RunPlace
  readonly number: number
  readonly firstIndex: number
  readonly firstPosition: number
  /** Where the next batch goes. */
  end = 0
  endIndex: number
  endPosition: number

  constructor(file: BlockFileFixture, place: RunPlace, of: RunNumbers) {
    this.file = file
    this.place = place
    this.number = of.number
    this.firstIndex = of.firstIndex
    this.endIndex = of.firstIndex
    this.firstPosition = this.endPosition = of.firstPosition
  }

  /** The run as recovery meets it: nothing is known of what it holds. */
  unread(): Run {
    return new Run(this.place, this.number, { index: this.firstIndex, position: this.firstPosition })
  }

  /** The run as it is when all of it was committed here. */
  committed(): Run {
    const run = this.unread()
    run.committedBytes = run.plannedBytes = run.durableBytes = this.end
    run.endIndex = this.endIndex
    run.endPosition = this.endPosition
    run.indexed = false
    return run
  }

  /** Appends one batch; returns its position. */
  async add(entries: readonly string[], placing: Placing = {}): Promise<number> {
    const firstIndex = placing.firstIndex ?? this.endIndex
    const batch = new OpenBatch(new BufferPool(1 << 20), new BatchTicket(firstIndex), firstIndex, 7, 0)
    for (const entry of entries) batch.append(Buffer.from(entry))
    this.endIndex = firstIndex + entries.length
    this.endPosition += entries.length
    return this.write(batch.encode(1, crc32), placing)
  }

  async addControl(records: readonly ControlRecord[], placing: Placing = {}): Promise<number> {
    if (records[0]?.kind !== 'snapshot') this.endPosition += 1
    const context = { nextIndex: placing.firstIndex ?? this.endIndex, timestampMs: 7, epoch: 1 }
    return this.write(encodeControlBatch(records, context, crc32), placing)
  }

  /** @param bytes a batch with room for its frame */
  async write(bytes: Uint8Array, placing: Placing = {}): Promise<number> {
    const position = this.end
    const { durableBytes = 0, generation = this.place.generation } = placing
    const frame = { generation, durableBytes, batchBytes: bytes.length - FRAME_BYTES, position }
    writeFrame(bytes, 0, frame, FILE_ID, crc32)
    await this.file.file.write([bytes], this.#filePosition(position), true)
    this.end += bytes.length
    return position
  }

  /** Changes one bit of the run's bytes. */
  flip(position: number): void {
    this.file.disk.flipBit(FILE_NAME, this.#filePosition(position))
  }

  slot(of: Partial<BlockSlot> = {}): BlockSlot {
    const closed = of.state !== undefined && of.state !== 'open'
    return {
      state: 'open',
      generation: this.place.generation,
      blockCount: this.place.blockCount,
      run: this.number,
      topic: 'logs',
      segment: 3,
      baseOffset: 1000,
      epoch: 1,
      firstIndex: this.firstIndex,
      firstPosition: this.firstPosition,
      createdMs: 0,
      knownBytes: closed ? this.end : 0,
      knownEndIndex: closed ? this.endIndex : this.firstIndex,
      knownEndPosition: closed ? this.endPosition : this.firstPosition,
      lastTimestampMs: 7,
      beginsSegment: this.number === 0,
      followsDurable: true,
      clean: false,
      cuts: false,
      fencedEpoch: 0,
      ...of,
    }
  }

  #filePosition(position: number): number {
    return this.file.store.positionOf(this.place.firstBlock) + position
  }
}
