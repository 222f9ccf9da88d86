import { WalrusError, type BlockFileDirectory, type Checksum, type Clock } from '@walrus/core'
import type { BlockSlot } from '../format/block-slot.js'
import { geometryWithin, SECTOR_BYTES, SUPERBLOCK_BYTES, type Geometry } from '../format/geometry.js'
import type { Superblock } from '../format/superblock.js'
import { readFileHead, type FileHead } from './file-head.js'
import { FreedBeginnings } from './freed-beginnings.js'
import type { Run, RunPlace } from './run.js'
import { damagedSlotReason, readSlotTable, type SlotMeaning } from './slot-table.js'
import { StoreFile } from './store-file.js'

/** What a store of block files stands on. */
export interface BlockStoreOptions {
  readonly directory: BlockFileDirectory
  readonly clock: Clock
  readonly checksum: Checksum
  /** Size of a new file, unless one run needs more. */
  readonly fileBytes: number
  readonly blockBytes: number
  /** Told of damage that does not stop the rest. */
  readonly onProblem: (error: Error) => void
}

/** A slot in use, as it was found on disk. */
export interface FoundRun {
  readonly file: StoreFile
  readonly block: number
  readonly slot: BlockSlot
}

const NAME_DIGITS = 12

/** The block files of one directory: gives out runs of blocks, and takes them back. */
export class BlockStore {
  readonly #options: BlockStoreOptions
  #files: StoreFile[] = []
  #lastFileId = 0
  #growing: Promise<void> | undefined
  #slotsDamaged = false
  readonly #filesWithFreedRuns = new Set<StoreFile>()
  readonly #freedBeginnings = new FreedBeginnings()

  private constructor(options: BlockStoreOptions) {
    this.#options = options
  }

  /**
   * Opens every file and finds the runs in use. Rejects with `CORRUPT_DATA` or `UNSUPPORTED_FORMAT` naming the file, and
   * with `INVALID_ARGUMENT` for sizes that no file can have.
   */
  static async open(options: BlockStoreOptions): Promise<{ readonly store: BlockStore; readonly found: FoundRun[] }> {
    geometryWithin(options.fileBytes, options.blockBytes, 1)
    const store = new BlockStore(options)
    const found: FoundRun[] = []
    for (const name of await options.directory.list()) found.push(...(await store.#openFile(name)))
    return { store, found }
  }

  /** True when the slot of some run could not be read at open. */
  get slotsDamaged(): boolean {
    return this.#slotsDamaged
  }

  /** Files with slots that said `free` at open: a removal that may have been interrupted before its sync. */
  get filesWithFreedRuns(): Iterable<StoreFile> {
    return this.#filesWithFreedRuns
  }

  /** Whether the removal of the slot's segment had begun at open. */
  isBeginningFreed(slot: BlockSlot): boolean {
    return this.#freedBeginnings.has(slot)
  }

  get files(): readonly StoreFile[] {
    return this.#files
  }

  /** Blocks for a new run, if a file that is ready has them. Files of other block sizes give as many of theirs as it takes. */
  tryTake(runBytes: number): RunPlace | undefined {
    for (const file of this.#files) {
      if (!file.allocatable) continue
      const blockCount = file.blockCountOf(runBytes)
      const firstBlock = file.space.take(blockCount)
      if (firstBlock !== undefined) return { file, firstBlock, blockCount, generation: file.nextGeneration() }
    }
    return undefined
  }

  /** Blocks for a new run; makes a file when there is no room. Rejects with `DISK_FULL`, `IO_FAILED` or `FILE_FAILED`. */
  async take(runBytes: number): Promise<RunPlace> {
    for (;;) {
      const place = this.tryTake(runBytes)
      if (place) return place
      this.#growing ??= this.#grow(runBytes).finally(() => (this.#growing = undefined))
      await this.#growing
    }
  }

  /**
   * Frees the runs of a segment for good, in their order. The first becomes free on disk before the others do, so that a
   * crash in between leaves a segment without its beginning, which recovery takes for what it is. Rejects with
   * `FILE_FAILED`, and frees nothing, when one of the files takes no writes: what stays in it would come back in a later
   * segment of the same name.
   * @param filesOfBefore files in which the segment had runs that it gave back
   */
  async release(
    [first, ...others]: readonly { readonly run: Run; readonly slot: BlockSlot }[],
    filesOfBefore: Iterable<StoreFile> = [],
  ): Promise<void> {
    const groups = first ? [[first], others] : []
    for (const { run } of groups.flat()) run.file.checkWritable()
    for (const file of filesOfBefore) {
      if (!this.#files.includes(file)) continue
      file.checkWritable()
      await file.flushSlots()
    }
    for (const group of groups) {
      for (const { run, slot } of group) run.file.queueSlot(run.firstBlock, { ...slot, state: 'free' })
      await Promise.all([...new Set(group.map(({ run }) => run.file))].map((file) => file.flushSlots()))
    }
    for (const { run } of groups.flat()) run.file.space.release(run.firstBlock, run.blockCount)
    await this.#deleteEmptyFiles()
  }

  /** The last file stays although it is empty, for what comes next. */
  async #deleteEmptyFiles(): Promise<void> {
    const empty = this.#files.filter((file) => file.deletable)
    const surplus = empty.length === this.#files.length ? empty.slice(1) : empty
    this.#files = this.#files.filter((file) => !surplus.includes(file))
    for (const file of surplus) await this.#discard(file)
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()))
  }

  async #grow(runBytes: number): Promise<void> {
    const sleeping = this.#files.find((file) => file.writable && !file.allocatable && file.hasRoomFor(runBytes))
    if (sleeping) return sleeping.recordOpen()
    const { fileBytes, blockBytes } = this.#options
    await this.#createFile(geometryWithin(fileBytes, blockBytes, Math.ceil(runBytes / blockBytes)))
  }

  async #createFile(geometry: Geometry): Promise<void> {
    const { directory, clock, checksum } = this.#options
    const fileId = this.#lastFileId + 1
    const name = String(fileId).padStart(NAME_DIGITS, '0')
    const file = await directory.create(name, geometry.fileBytes)
    this.#lastFileId = fileId
    const superblock = { geometry, fileId, createdMs: clock.wallMs(), openCount: 1 }
    const storeFile = new StoreFile(file, superblock, checksum, true)
    try {
      await storeFile.initialize(superblock)
    } catch (error) {
      await this.#discard(storeFile)
      throw error
    }
    this.#files.push(storeFile)
  }

  /** An unusable file would take its space until the next start; if it cannot be deleted now, that start will. */
  async #discard(file: StoreFile): Promise<void> {
    await file.discard()
    await this.#options.directory.remove(file.name).catch(this.#options.onProblem)
  }

  async #openFile(name: string): Promise<FoundRun[]> {
    const { directory, checksum } = this.#options
    const file = await directory.open(name)
    const superblock = this.#trustHead(name, await readFileHead(file, checksum))
    if (!superblock) {
      await file.close()
      await directory.remove(name)
      return []
    }
    const storeFile = new StoreFile(file, superblock, checksum, false)
    this.#files.push(storeFile)
    this.#lastFileId = Math.max(this.#lastFileId, superblock.fileId)
    const tableBytes = superblock.geometry.blockCount * SECTOR_BYTES
    return this.#findRuns(storeFile, await file.read(SUPERBLOCK_BYTES, tableBytes))
  }

  /** Undefined for a file into which nothing was ever put. */
  #trustHead(name: string, head: FileHead): Superblock | undefined {
    switch (head.kind) {
      case 'whole':
        return head.superblock
      case 'unfinished':
        return undefined
      case 'version':
        throw this.#unsupported(name, head.version)
      case 'damaged':
        throw this.#corrupt(name, head.reason)
    }
  }

  #findRuns(file: StoreFile, table: Uint8Array): FoundRun[] {
    const found: FoundRun[] = []
    for (const meaning of readSlotTable(table, file, this.#options.checksum)) {
      this.#applySlot(file, meaning)
      if (meaning.kind === 'run') found.push({ file, block: meaning.block, slot: meaning.slot })
    }
    return found
  }

  #applySlot(file: StoreFile, meaning: SlotMeaning): void {
    const { block } = meaning
    switch (meaning.kind) {
      case 'run':
        return file.space.occupy(block, meaning.slot.blockCount)
      case 'misfit':
        throw this.#corrupt(file.name, meaning.reason)
      case 'left':
        return file.queueSlot(block, { ...meaning.slot, state: 'free' })
      case 'doubtful':
        this.#noteFreed(file, meaning.owner)
        return file.space.occupy(block, 1)
      case 'damaged':
        this.#slotsDamaged = true
        this.#options.onProblem(this.#corrupt(file.name, damagedSlotReason(block)))
        return file.space.occupy(block, 1)
      case 'free':
        return this.#noteFreed(file, meaning.owner)
      case 'lost':
        return
    }
  }

  #noteFreed(file: StoreFile, owner: BlockSlot | undefined): void {
    if (!owner) return
    this.#filesWithFreedRuns.add(file)
    this.#freedBeginnings.note(owner)
  }

  #unsupported(name: string, version: number): WalrusError {
    const path = `${this.#options.directory.path}/${name}`
    return new WalrusError('UNSUPPORTED_FORMAT', `Cannot open "${path}": format version ${version} is not known`)
  }

  #corrupt(name: string, reason: string): WalrusError {
    return new WalrusError('CORRUPT_DATA', `Cannot trust "${this.#options.directory.path}/${name}": ${reason}`)
  }
}
