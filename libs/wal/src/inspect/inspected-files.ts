import type { BlockFile, BlockFileDirectory, Checksum } from '@walrus/core'
import type { FoundRun } from '../blocks/block-store.js'
import { readFileHead } from '../blocks/file-head.js'
import { FreedBeginnings } from '../blocks/freed-beginnings.js'
import { damagedSlotReason, readSlotTable, type SlotMeaning } from '../blocks/slot-table.js'
import { StoreFile } from '../blocks/store-file.js'
import type { BlockSlot } from '../format/block-slot.js'
import { SECTOR_BYTES, slotPosition, SUPERBLOCK_BYTES } from '../format/geometry.js'
import { openRecordFault, type Superblock } from '../format/superblock.js'
import { damage, note, type Finding } from './finding.js'
import { SurvivingFile } from './surviving-file.js'

/** One block file. */
export interface FileView {
  readonly name: string
  readonly fileId: number
  readonly sizeBytes: number
  readonly blockBytes: number
  readonly blockCount: number
  readonly usedBlockCount: number
  /** How often the file was opened for allocation. */
  readonly openCount: number
  readonly createdMs: number
}

/** What the book-keeping of a directory's files says. */
export interface InspectedFiles {
  readonly files: readonly FileView[]
  readonly found: readonly FoundRun[]
  /** Some slot, or a whole file, cannot be read. */
  readonly slotsDamaged: boolean
  /** Whether the removal of the slot's segment had begun. */
  readonly isBeginningFreed: (slot: BlockSlot) => boolean
}

/** Reads what the files say of themselves, and tells what is wrong with that; a file that cannot be trusted is left out. */
export class FileInspector {
  readonly #directory: BlockFileDirectory
  readonly #checksum: Checksum
  readonly #onFinding: (finding: Finding) => void
  readonly #files: FileView[] = []
  readonly #found: FoundRun[] = []
  readonly #fileIds = new Map<number, string>()
  readonly #freedBeginnings = new FreedBeginnings()
  #slotsDamaged = false

  constructor(directory: BlockFileDirectory, checksum: Checksum, onFinding: (finding: Finding) => void) {
    this.#directory = directory
    this.#checksum = checksum
    this.#onFinding = onFinding
  }

  async inspect(): Promise<InspectedFiles> {
    for (const name of await this.#directory.list()) await this.#openFile(name)
    this.#reportAbsentFiles()
    const isBeginningFreed = (slot: BlockSlot): boolean => this.#freedBeginnings.has(slot)
    return { files: this.#files, found: this.#found, slotsDamaged: this.#slotsDamaged, isBeginningFreed }
  }

  async #openFile(name: string): Promise<void> {
    const file = new SurvivingFile(await this.#directory.open(name), (byte, reason) =>
      this.#onFinding(damage('unreadable', { file: name, byte }, reason)),
    )
    const head = await readFileHead(file, this.#checksum)
    switch (head.kind) {
      case 'whole':
        return this.#inspectFile(file, head.superblock)
      case 'unfinished':
        this.#markPresent(Number(name), name)
        return this.#onFinding(note('unfinished-file', { file: name }, 'its creation was interrupted'))
      case 'version':
        return this.#reject(name, `format version ${head.version} is not known`)
      case 'damaged':
        if (!head.superblock) return this.#reject(name, head.reason)
        this.#slotsDamaged = true
        this.#onFinding(damage('file-size', { file: name, byte: file.sizeBytes }, head.reason))
        return this.#inspectFile(file, head.superblock)
    }
  }

  #reject(name: string, reason: string): void {
    this.#slotsDamaged = true
    this.#markPresent(Number(name), name)
    this.#onFinding(damage('superblock', { file: name, byte: 0 }, reason))
  }

  async #inspectFile(file: BlockFile, superblock: Superblock): Promise<void> {
    const { geometry, fileId, openCount, createdMs } = superblock
    this.#checkIdentity(file.name, fileId)
    const head = await file.read(0, SUPERBLOCK_BYTES)
    const fault = openRecordFault(head, this.#checksum)
    if (fault) this.#onFinding(damage('open-counter', { file: file.name, byte: fault.position }, fault.reason))
    const storeFile = new StoreFile(file, superblock, this.#checksum, false)
    // No more than is there: of a file that was cut, the superblock may say anything.
    const tableBytes = Math.min(geometry.blockCount * SECTOR_BYTES, file.sizeBytes - SUPERBLOCK_BYTES)
    const table = await file.read(SUPERBLOCK_BYTES, tableBytes)
    const usedBlockCount = this.#findRuns(storeFile, table)
    const { blockBytes, blockCount } = geometry
    const { name, sizeBytes } = file
    this.#files.push({ name, fileId, sizeBytes, blockBytes, blockCount, usedBlockCount, openCount, createdMs })
  }

  #checkIdentity(name: string, fileId: number): void {
    const other = this.#fileIds.get(fileId)
    this.#markPresent(fileId, name)
    if (Number(name) === fileId && other === undefined) return
    const what = other === undefined ? `it is file ${fileId}` : `it is file ${fileId}, and so is ${other}`
    this.#onFinding(damage('conflict', { file: name, byte: 0 }, `by its superblock ${what}`))
  }

  #markPresent(fileId: number, name: string): void {
    if (Number.isSafeInteger(fileId)) this.#fileIds.set(fileId, name)
  }

  /** Returns how many blocks are in use. */
  #findRuns(file: StoreFile, table: Uint8Array): number {
    const owners = new Map<string, number>()
    let usedBlockCount = 0
    for (const meaning of readSlotTable(table, file, this.#checksum)) {
      const { block } = meaning
      this.#reportSlot(file.name, meaning)
      if ('owner' in meaning && meaning.owner) this.#freedBeginnings.note(meaning.owner)
      if ('slot' in meaning) this.#checkGeneration(file.name, meaning, owners)
      if (meaning.kind !== 'run') continue
      usedBlockCount += meaning.slot.blockCount
      this.#found.push({ file, block, slot: meaning.slot })
    }
    return usedBlockCount
  }

  #reportSlot(file: string, meaning: SlotMeaning): void {
    const { kind, block } = meaning
    const place = { file, byte: slotPosition(block) }
    if (kind === 'damaged' || kind === 'lost') this.#onFinding(damage('slot', place, damagedSlotReason(block)))
    if (kind === 'misfit') {
      const { topic, segment } = meaning.slot
      this.#onFinding(damage('slot', { ...place, topic, segment }, meaning.reason))
    }
    if (kind === 'damaged' || kind === 'misfit') this.#slotsDamaged = true
  }

  /** A generation never repeats in a file: two slots with one were written to a wrong place, or copied. */
  #checkGeneration(
    file: string,
    { block, slot }: Extract<SlotMeaning, { slot: unknown }>,
    owners: Map<string, number>,
  ): void {
    const { openCount, sequence } = slot.generation
    const name = `${openCount}.${sequence}`
    const other = owners.get(name)
    owners.set(name, block)
    if (other === undefined) return
    const place = { file, byte: slotPosition(block), topic: slot.topic, segment: slot.segment }
    this.#onFinding(damage('conflict', place, `the slots of blocks ${other} and ${block} describe one run`))
  }

  #reportAbsentFiles(): void {
    let expected = 1
    for (const fileId of [...this.#fileIds.keys()].sort((a, b) => a - b)) {
      if (fileId > expected) this.#reportAbsent(expected, fileId - 1)
      expected = fileId + 1
    }
  }

  #reportAbsent(first: number, last: number): void {
    const ids = first === last ? `file ${first} is` : `files ${first} to ${last} are`
    const what = `${ids} absent: deleted when nothing was left in it, or lost; a segment that lay there alone leaves no other trace`
    this.#onFinding(note('absent-file', {}, what))
  }
}
