import { assert, type BlockFile, type Checksum } from '@walrus/core'
import { encodeBlockSlot, slotChecksum, type BlockSlot, type Generation } from '../format/block-slot.js'
import { blockPosition, roundUp, SECTOR_BYTES, slotPosition, type Geometry } from '../format/geometry.js'
import { encodeOpenRecord, encodeSuperblock, openRecordPosition, type Superblock } from '../format/superblock.js'
import { BlockSpace } from './block-space.js'

const COPY_BYTES_MAX = 1024 * 1024

/** One write that a commit will do. */
export interface PlannedWrite {
  readonly position: number
  readonly parts: readonly Uint8Array[]
}

/** An open block file: its space, its generations, and the slots that are to be written with the next commit. */
export class StoreFile {
  readonly space: BlockSpace
  readonly geometry: Geometry
  readonly fileId: number
  readonly #file: BlockFile
  readonly #checksum: Checksum
  #openCount: number
  #openCountRecorded: boolean
  #recordingOpen = false
  #discarded = false
  #allocationSequence = 0
  /** Of the sync that broke the file. */
  #failure: unknown
  #queuedSlots = new Map<number, Uint8Array>()
  /** Never rejects. */
  #slotsUnderWay: Promise<void> | undefined

  constructor(file: BlockFile, superblock: Superblock, checksum: Checksum, isNew: boolean) {
    this.#file = file
    this.#checksum = checksum
    this.geometry = superblock.geometry
    this.fileId = superblock.fileId
    this.space = new BlockSpace(superblock.geometry.blockCount)
    this.#openCount = superblock.openCount
    this.#openCountRecorded = isNew
  }

  get name(): string {
    return this.#file.name
  }

  /** False after a failed sync: what is there can be read, nothing is added. */
  get writable(): boolean {
    return this.#failure === undefined
  }

  /** Throws what made the file unwritable, if something did. */
  checkWritable(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Blocks of this file that hold so many bytes. */
  blockCountOf(bytes: number): number {
    return Math.ceil(bytes / this.geometry.blockBytes)
  }

  hasRoomFor(runBytes: number): boolean {
    return this.space.hasGap(this.blockCountOf(runBytes))
  }

  positionOf(block: number): number {
    return blockPosition(this.geometry, block)
  }

  /** Writes the superblock of a file that was just created, durably. */
  async initialize(superblock: Superblock): Promise<void> {
    await this.write([{ position: 0, parts: [encodeSuperblock(superblock, this.#checksum)] }], true)
  }

  /** Bytes of blocks that are taken. */
  get allocatedBytes(): number {
    return (this.space.blockCount - this.space.freeCount) * this.geometry.blockBytes
  }

  /** True while no block is taken, and none is about to be. */
  get deletable(): boolean {
    return this.space.freeCount === this.space.blockCount && this.writable && !this.#recordingOpen
  }

  /** True once blocks can be taken: generations given out from now on were never used in this file. */
  get allocatable(): boolean {
    return this.#openCountRecorded && this.writable
  }

  /** A generation must not repeat even if the first blocks that carry it are lost in a crash: so the count is durable first. */
  async recordOpen(): Promise<void> {
    if (this.#openCountRecorded) return
    const openCount = this.#openCount + 1
    const record = encodeOpenRecord(openCount, this.#checksum)
    this.#recordingOpen = true
    try {
      await this.write([{ position: openRecordPosition(openCount), parts: [record] }], true)
    } finally {
      this.#recordingOpen = false
    }
    this.#openCount = openCount
    this.#openCountRecorded = true
  }

  nextGeneration(): Generation {
    assert(this.#openCountRecorded, 'the open count is durable before blocks are taken')
    this.#allocationSequence++
    return { openCount: this.#openCount, sequence: this.#allocationSequence }
  }

  /** The slot goes to disk with the next write or sync of this file. */
  queueSlot(block: number, slot: BlockSlot): void {
    this.#queuedSlots.set(block, encodeBlockSlot(slot, slotChecksum(this.fileId, block, this.#checksum)))
  }

  /** Writes what is queued now, durably. */
  async flushSlots(): Promise<void> {
    if (this.#queuedSlots.size > 0 || this.#slotsUnderWay) await this.write([], true)
  }

  /** Frees blocks that hold nothing committed; their slot says so with the next commit to the file. Their segment is not being removed. */
  giveBack(firstBlock: number, slot: BlockSlot): void {
    if (!this.writable) return
    this.queueSlot(firstBlock, { ...slot, state: 'free', beginsSegment: false })
    this.space.release(firstBlock, slot.blockCount)
  }

  /** Does the writes and those of the queued slots, in any order; when `durable`, all of them are on stable storage when it resolves. */
  write(writes: readonly PlannedWrite[], durable: boolean): Promise<void> {
    const [only] = writes
    const slotsWritten = this.#queuedSlots.size === 0 && !this.#slotsUnderWay
    if (only && writes.length === 1 && slotsWritten) {
      if (!durable) return this.#file.write(only.parts, only.position, false)
      if (this.#file.supports.durableWrite) return this.#fatal(this.#file.write(only.parts, only.position, true))
    }
    return this.#writeAll(writes, durable)
  }

  async #writeAll(writes: readonly PlannedWrite[], durable: boolean): Promise<void> {
    await allSettled([
      this.#writeSlots(),
      ...writes.map(({ parts, position }) => this.#file.write(parts, position, false)),
    ])
    if (durable) await this.sync()
  }

  /** Makes durable what was written or queued before. A failed sync is final: the system may have dropped the bytes. */
  async sync(): Promise<void> {
    // A file that is deleted because it is empty has nothing to lose.
    if (this.#discarded) return
    await this.#writeSlots()
    await this.#fatal(this.#file.sync())
  }

  /** Writes what already stands there, in whole sectors. */
  async writeAgain(from: number, to: number): Promise<void> {
    const end = roundUp(to, SECTOR_BYTES)
    for (let position = from - (from % SECTOR_BYTES); position < end; position += COPY_BYTES_MAX) {
      const bytes = await this.#file.read(position, Math.min(COPY_BYTES_MAX, end - position))
      await this.#file.write([bytes], position, false)
    }
  }

  read(position: number, length: number): Promise<Uint8Array> {
    return this.#file.read(position, length)
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** As `close`, before the file is deleted: nobody needs its bytes any more. */
  discard(): Promise<void> {
    this.#discarded = true
    return this.#file.close()
  }

  /** Two writes of one slot must not be under way at once, so one round follows the other. */
  async #writeSlots(): Promise<void> {
    while (this.#slotsUnderWay) await this.#slotsUnderWay
    if (this.#queuedSlots.size === 0) return
    const writing = this.#writeQueuedSlots()
    const settled = (): void => void (this.#slotsUnderWay = undefined)
    this.#slotsUnderWay = writing.then(settled, settled)
    return writing
  }

  /** What fails stays queued: a slot that is dropped would leave blocks without owner, or with an owner of before. */
  async #writeQueuedSlots(): Promise<void> {
    const queued = this.#queuedSlots
    this.#queuedSlots = new Map()
    const writes = [...queued].map(([block, bytes]) => this.#file.write([bytes], slotPosition(block), false))
    try {
      await allSettled(writes)
    } catch (error) {
      this.#queuedSlots = new Map([...queued, ...this.#queuedSlots])
      throw error
    }
  }

  async #fatal(operation: Promise<void>): Promise<void> {
    try {
      await operation
    } catch (error) {
      this.#failure = error
      throw error
    }
  }
}

/** Waits for all, also when one fails: nothing may be under way any more when a failure is reported. */
async function allSettled(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
