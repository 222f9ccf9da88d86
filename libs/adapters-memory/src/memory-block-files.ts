import { WalrusError, type BlockFile, type BlockFileDirectory } from '@walrus/core'

/** What outlives a `MemoryBlockFiles`: the bytes of every file, and whether somebody owns them. */
export class MemoryDisk {
  readonly files = new Map<string, Uint8Array>()
  locked = false
}

/**
 * Block files in memory: the readable definition of the port. What is written is stable, durable or not, for as long as
 * the disk is referenced.
 */
export class MemoryBlockFiles implements BlockFileDirectory {
  readonly path = 'memory'
  readonly #disk: MemoryDisk
  readonly #opened = new Set<BlockFile>()
  #closed = false

  private constructor(disk: MemoryDisk) {
    this.#disk = disk
  }

  /** Becomes the owner of the disk, a new one unless told; rejects with `DIRECTORY_LOCKED` while it has another. */
  static async open(disk = new MemoryDisk()): Promise<MemoryBlockFiles> {
    if (disk.locked) throw new WalrusError('DIRECTORY_LOCKED', 'Cannot open "memory": directory is locked')
    disk.locked = true
    return new MemoryBlockFiles(disk)
  }

  async list(): Promise<readonly string[]> {
    this.#checkOpen('list')
    return [...this.#disk.files.keys()].sort()
  }

  async create(name: string, sizeBytes: number): Promise<BlockFile> {
    this.#checkName('create', name)
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 1) throw invalid('create', name, `size is ${sizeBytes} bytes`)
    if (this.#disk.files.has(name)) throw invalid('create', name, 'file exists')
    this.#disk.files.set(name, new Uint8Array(sizeBytes))
    return this.open(name)
  }

  async open(name: string): Promise<BlockFile> {
    this.#checkName('open', name)
    const bytes = this.#disk.files.get(name)
    if (bytes === undefined) throw invalid('open', name, 'no such block file')
    const file = new MemoryBlockFile(name, bytes)
    this.#opened.add(file)
    return file
  }

  async remove(name: string): Promise<void> {
    this.#checkName('remove', name)
    this.#disk.files.delete(name)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const file of this.#opened) await file.close()
    this.#disk.locked = false
  }

  #checkOpen(action: string, what = this.path): void {
    if (this.#closed) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action} "${what}": directory is closed`)
  }

  #checkName(action: string, name: string): void {
    this.#checkOpen(action, name)
    if (!/^[A-Za-z0-9_-]+$/.test(name)) throw invalid(action, name, 'not a name of letters, digits, "_" and "-"')
  }
}

class MemoryBlockFile implements BlockFile {
  readonly supports = { alignmentBytes: 1, durableWrite: true }
  readonly #bytes: Uint8Array
  #closed = false

  constructor(
    readonly name: string,
    bytes: Uint8Array,
  ) {
    this.#bytes = bytes
  }

  get sizeBytes(): number {
    return this.#bytes.length
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    let lengthBytes = 0
    for (const part of parts) lengthBytes += part.length
    this.#check('write', position, lengthBytes)
    for (const part of parts) {
      this.#bytes.set(part, position)
      position += part.length
    }
  }

  async sync(): Promise<void> {
    this.#check('sync', 0, 0)
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    this.#check('read', position, length)
    return this.#bytes.slice(position, position + length)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #check(action: string, position: number, length: number): void {
    if (this.#closed) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action} "${this.name}": file is closed`)
    const whole = Number.isSafeInteger(position) && Number.isSafeInteger(length)
    if (!whole || position < 0 || length < 0 || position + length > this.sizeBytes) {
      throw invalid(action, this.name, `${length} bytes at ${position} are not inside its ${this.sizeBytes} bytes`)
    }
  }
}

function invalid(action: string, what: string, reason: string): WalrusError {
  return new WalrusError('INVALID_ARGUMENT', `Cannot ${action} "${what}": ${reason}`)
}
