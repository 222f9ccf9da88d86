import { WalrusError, type BlockFile, type BlockFileDirectory } from '@walrus/core'

/** Block files of `--storage memory`: nothing outlives the process, nothing is ever on stable storage. */
export class MemoryBlockFiles implements BlockFileDirectory {
  readonly path = 'memory'
  readonly #contents: Map<string, Uint8Array>
  readonly #opened = new Set<BlockFile>()
  #closed = false

  /** Goes on with the files in `contents`, none unless told. */
  constructor(contents = new Map<string, Uint8Array>()) {
    this.#contents = contents
  }

  async list(): Promise<readonly string[]> {
    this.#check('list', this.path)
    return [...this.#contents.keys()].sort()
  }

  async create(name: string, sizeBytes: number): Promise<BlockFile> {
    this.#check('create', name)
    if (this.#contents.has(name)) throw invalid('create', name, 'file exists')
    if (!(sizeBytes > 0)) throw invalid('create', name, `size is ${sizeBytes} bytes`)
    this.#contents.set(name, new Uint8Array(sizeBytes))
    return this.open(name)
  }

  async open(name: string): Promise<BlockFile> {
    this.#check('open', name)
    const contents = this.#contents.get(name)
    if (contents === undefined) throw invalid('open', name, 'no such block file')
    const file = new MemoryBlockFile(name, contents)
    this.#opened.add(file)
    return file
  }

  async remove(name: string): Promise<void> {
    this.#check('remove', name)
    this.#contents.delete(name)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const file of this.#opened) await file.close()
  }

  #check(action: string, name: string): void {
    if (this.#closed) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action} "${name}": directory is closed`)
    if (!/^[A-Za-z0-9_-]+$/.test(name)) throw invalid(action, name, 'not a name of letters, digits, "_" and "-"')
  }
}

class MemoryBlockFile implements BlockFile {
  readonly supports = { alignmentBytes: 1, durableWrite: true }
  readonly sizeBytes: number
  #closed = false

  constructor(
    readonly name: string,
    readonly contents: Uint8Array,
  ) {
    this.sizeBytes = contents.length
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    const byteCount = parts.reduce((sum, part) => sum + part.length, 0)
    this.#check('write', position, byteCount)
    for (let at = position, i = 0; i < parts.length; at += parts[i]?.length ?? 0, i++)
      this.contents.set(parts[i] ?? [], at)
  }

  async sync(): Promise<void> {
    this.#check('sync', 0, 0)
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    this.#check('read', position, length)
    return this.contents.slice(position, position + length)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #check(action: string, position: number, length: number): void {
    if (this.#closed) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action} "${this.name}": file is closed`)
    if (position >= 0 && length >= 0 && position + length <= this.sizeBytes) return
    throw invalid(action, this.name, `${length} bytes at ${position} are not inside its ${this.sizeBytes} bytes`)
  }
}

function invalid(action: string, name: string, reason: string): WalrusError {
  return new WalrusError('INVALID_ARGUMENT', `Cannot ${action} "${name}": ${reason}`)
}
