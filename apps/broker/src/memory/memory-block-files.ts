import { WalrusError, type BlockFile, type BlockFileDirectory } from '@walrus/core'

/** File contents by name; they are there for as long as somebody holds the map. */
export type MemoryFiles = Map<string, Uint8Array>

/** Block files of `--storage memory`: nothing outlives the process, and a sync has nothing to wait for. */
export class MemoryBlockFiles implements BlockFileDirectory {
  readonly path = 'memory'
  readonly #files: MemoryFiles
  readonly #opened = new Set<BlockFile>()
  #closed = false

  /** Owns the files, none unless told, until it is closed. Throws `DIRECTORY_LOCKED` while another one does. */
  constructor(files: MemoryFiles = new Map()) {
    if (owned.has(files)) throw new WalrusError('DIRECTORY_LOCKED', 'Cannot open "memory": directory is locked')
    owned.add(files)
    this.#files = files
  }

  async list(): Promise<readonly string[]> {
    this.#checkOpen('list', this.path)
    return [...this.#files.keys()].sort()
  }

  async create(name: string, sizeBytes: number): Promise<BlockFile> {
    this.#checkName('create', name)
    if (this.#files.has(name)) throw invalid('create', name, 'file exists')
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 1) throw invalid('create', name, `size is ${sizeBytes} bytes`)
    this.#files.set(name, new Uint8Array(sizeBytes))
    return this.open(name)
  }

  async open(name: string): Promise<BlockFile> {
    this.#checkName('open', name)
    const contents = this.#files.get(name)
    if (contents === undefined) throw invalid('open', name, 'no such block file')
    const file = new MemoryBlockFile(name, contents)
    this.#opened.add(file)
    return file
  }

  async remove(name: string): Promise<void> {
    this.#checkName('remove', name)
    this.#files.delete(name)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const file of this.#opened) await file.close()
    owned.delete(this.#files)
  }

  #checkName(action: string, name: string): void {
    this.#checkOpen(action, name)
    if (!/^[A-Za-z0-9_-]+$/.test(name)) throw invalid(action, name, 'not a name of letters, digits, "_" and "-"')
  }

  #checkOpen(action: string, what: string): void {
    if (this.#closed) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action} "${what}": directory is closed`)
  }
}

const owned = new WeakSet<MemoryFiles>()

class MemoryBlockFile implements BlockFile {
  readonly supports = { alignmentBytes: 1, durableWrite: true }
  readonly sizeBytes: number
  readonly #contents: Uint8Array
  #closed = false

  constructor(
    readonly name: string,
    contents: Uint8Array,
  ) {
    this.#contents = contents
    this.sizeBytes = contents.length
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    const byteCount = parts.reduce((sum, part) => sum + part.length, 0)
    this.#check('write', position, byteCount)
    let at = position
    for (const part of parts) {
      this.#contents.set(part, at)
      at += part.length
    }
  }

  async sync(): Promise<void> {
    this.#check('sync', 0, 0)
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    this.#check('read', position, length)
    return this.#contents.slice(position, position + length)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #check(action: string, position: number, length: number): void {
    if (this.#closed) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action} "${this.name}": file is closed`)
    const isRange = Number.isSafeInteger(position) && Number.isSafeInteger(length) && position >= 0 && length >= 0
    if (isRange && position + length <= this.sizeBytes) return
    throw invalid(action, this.name, `${length} bytes at ${position} are not inside its ${this.sizeBytes} bytes`)
  }
}

function invalid(action: string, name: string, reason: string): WalrusError {
  return new WalrusError('INVALID_ARGUMENT', `Cannot ${action} "${name}": ${reason}`)
}
