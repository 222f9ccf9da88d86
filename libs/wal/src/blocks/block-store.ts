import { WalrusError, type BlockFile, type BlockFileDirectory, type Checksum, type Clock } from '@walrus/core'
import { decodeBlockSlot, slotChecksum, type BlockSlot } from '../format/block-slot.js'
import { geometryWithin, SECTOR_BYTES, slotPosition, SUPERBLOCK_BYTES, type Geometry } from '../format/geometry.js'
import { decodeSuperblock, type Superblock } from '../format/superblock.js'
import type { Run, RunPlace } from './run.js'
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

type FoundSlot = ReturnType<typeof decodeBlockSlot>

const NAME_DIGITS = 12

/** The block files of one directory: gives out runs of blocks, and takes them back. */
export class BlockStore {
  readonly #options: BlockStoreOptions
  #files: StoreFile[] = []
  #lastFileId = 0
  #growing: Promise<void> | undefined
  #slotsDamaged = false
  readonly #filesWithFreedRuns = new Set<StoreFile>()

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
    const superblock = await this.#readSuperblock(file)
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

  /**
   * Undefined for a file into which nothing was ever put: its creation may have been interrupted, or the system may show a
   * superblock that a failed sync has kept from stable storage.
   */
  async #readSuperblock(file: BlockFile): Promise<Superblock | undefined> {
    const { name, sizeBytes } = file
    if (sizeBytes < SUPERBLOCK_BYTES + SECTOR_BYTES) throw this.#corrupt(name, `it has ${sizeBytes} bytes`)
    const head = await file.read(0, SUPERBLOCK_BYTES + SECTOR_BYTES)
    const superblock = decodeSuperblock(head.subarray(0, SUPERBLOCK_BYTES), this.#options.checksum)
    const fault = 'kind' in superblock ? superblock : undefined
    if (fault?.kind === 'version') throw this.#unsupported(name, fault.version)
    if (isNeverUsed(head, this.#options.checksum)) return undefined
    if ('kind' in superblock) throw this.#corrupt(name, 'its superblock is damaged')
    if (superblock.geometry.fileBytes === sizeBytes) return superblock
    throw this.#corrupt(name, `it has ${sizeBytes} bytes, its superblock says ${superblock.geometry.fileBytes}`)
  }

  #findRuns(file: StoreFile, table: Uint8Array): FoundRun[] {
    const found: FoundRun[] = []
    let doubtful = false
    for (let block = 0; block < file.geometry.blockCount;) {
      const slot = this.#slotAt(file, table, block)
      const blockCount = this.#claimSlot(file, block, slot, doubtful)
      if (typeof slot !== 'string' && slot.state === 'free') this.#filesWithFreedRuns.add(file)
      if (slot === 'damaged') doubtful = true
      else if (isRun(slot)) {
        doubtful = false
        found.push({ file, block, slot })
      }
      for (let inner = block + 1; inner < block + blockCount; inner++)
        forget(file, inner, this.#slotAt(file, table, inner))
      block += blockCount
    }
    return found
  }

  #slotAt(file: StoreFile, table: Uint8Array, block: number): FoundSlot {
    return decodeBlockSlot(table, block * SECTOR_BYTES, slotChecksum(file.fileId, block, this.#options.checksum))
  }

  /** Behind a damaged slot, blocks that look free may belong to its run: they are not given out again. */
  #claimSlot(file: StoreFile, block: number, slot: FoundSlot, doubtful: boolean): number {
    if (slot === 'damaged' || (doubtful && !isRun(slot))) file.space.occupy(block, 1)
    if (slot === 'damaged') {
      this.#slotsDamaged = true
      const at = slotPosition(block)
      this.#options.onProblem(this.#corrupt(file.name, `the slot of block ${block} at byte ${at} is damaged`))
    }
    if (!isRun(slot)) return 1
    if (!file.space.isFree(block, slot.blockCount))
      throw this.#corrupt(file.name, `the slot of block ${block} claims ${slot.blockCount} blocks`)
    file.space.occupy(block, slot.blockCount)
    return slot.blockCount
  }

  #unsupported(name: string, version: number): WalrusError {
    const path = `${this.#options.directory.path}/${name}`
    return new WalrusError('UNSUPPORTED_FORMAT', `Cannot open "${path}": format version ${version} is not known`)
  }

  #corrupt(name: string, reason: string): WalrusError {
    return new WalrusError('CORRUPT_DATA', `Cannot trust "${this.#options.directory.path}/${name}": ${reason}`)
  }
}

/** Block 0 is the first that a file gives out, and its slot is never empty again. */
function isNeverUsed(head: Uint8Array, checksum: Checksum): boolean {
  return decodeBlockSlot(head, slotPosition(0), checksum) === 'unused'
}

/** An owner of before, whose block went to a larger run before that could be noted: it must not come back with the block. */
function forget(file: StoreFile, block: number, slot: FoundSlot): void {
  if (isRun(slot)) file.queueSlot(block, { ...slot, state: 'free' })
}

function isRun(slot: FoundSlot): slot is BlockSlot {
  return typeof slot !== 'string' && slot.state !== 'free'
}
