import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WalrusError, type BlockFile, type BlockFileDirectory } from '@walrus/core'
import { CallGate } from './call-gate.js'
import { hasCode, ioError } from './system-error.js'

/**
 * The directory, which takes no further block file that would bring it above so many bytes: such a `create` rejects with
 * `DISK_FULL`. All files in it count, whoever made them, with their whole size, however much of it is used on the disk.
 */
export function withQuota(directory: BlockFileDirectory, quotaBytes: number): BlockFileDirectory {
  return new QuotaBlockFiles(directory, quotaBytes)
}

class QuotaBlockFiles implements BlockFileDirectory {
  readonly path: string
  readonly #directory: BlockFileDirectory
  readonly #quotaBytes: number
  readonly #gate = new CallGate()
  /** Files are made one after the other: each counts for the next. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(directory: BlockFileDirectory, quotaBytes: number) {
    this.path = directory.path
    this.#directory = directory
    this.#quotaBytes = quotaBytes
  }

  create(name: string, sizeBytes: number): Promise<BlockFile> {
    if (this.#gate.closed) return this.#directory.create(name, sizeBytes)
    const created = this.#gate.run(() => this.#last.then(() => this.#createWithin(name, sizeBytes)))
    this.#last = created.catch(() => undefined)
    return created
  }

  list(): Promise<readonly string[]> {
    return this.#directory.list()
  }

  open(name: string): Promise<BlockFile> {
    return this.#directory.open(name)
  }

  remove(name: string): Promise<void> {
    return this.#directory.remove(name)
  }

  close(): Promise<void> {
    return this.#gate.close(() => this.#directory.close())
  }

  async #createWithin(name: string, sizeBytes: number): Promise<BlockFile> {
    if (!Number.isSafeInteger(sizeBytes)) return await this.#directory.create(name, sizeBytes)
    const usedBytes = await sizeOfFiles(this.path)
    if (usedBytes + sizeBytes <= this.#quotaBytes) return await this.#directory.create(name, sizeBytes)
    const reason = `quota is ${this.#quotaBytes} bytes, ${usedBytes} are taken, ${sizeBytes} more are needed`
    throw new WalrusError('DISK_FULL', `Cannot create "${join(this.path, name)}": ${reason}`)
  }
}

async function sizeOfFiles(path: string): Promise<number> {
  try {
    const names = await readdir(path)
    const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))))
    return sizes.reduce((sum, size) => sum + size, 0)
  } catch (thrown) {
    throw ioError('read', path, thrown)
  }
}

/** One that is gone meanwhile takes nothing. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return 0
    throw thrown
  }
}
