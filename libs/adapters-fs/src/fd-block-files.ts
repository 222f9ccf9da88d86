import { WalrusError, type BlockFile, type BlockFileDirectory } from '@walrus/core'
import {
  blockFileNames,
  blockFilePath,
  checkBlockFileName,
  invalidArgument,
  UNFINISHED_SUFFIX,
} from './block-file-names.js'
import { CallGate } from './call-gate.js'
import { lockDirectory, type DirectoryLock } from './directory-lock.js'
import { openFdBlockFile, type FdBlockFile, type FileHealth } from './fd-block-file.js'
import { reserveFile, type Reservation } from './reserve-file.js'
import { makeStableDirectory, syncDirectory } from './stable-directory.js'
import { nodeSystemCalls, type SystemCalls } from './system-calls.js'
import { hasCode, ioError } from './system-error.js'

/** How a directory is opened. */
export interface FdBlockFilesOptions {
  /** How the space of new files is taken; `sparse` unless told. */
  readonly reservation?: Reservation
  /** In the place of the operating system, for tests. */
  readonly systemCalls?: SystemCalls
}

/**
 * Opens the directory, makes it where it is missing, and owns it until `close` or the end of the process.
 * Rejects with `DIRECTORY_LOCKED` while it has another owner, with `IO_FAILED` or `DISK_FULL` and the system's reason
 * where it cannot be made, read or written.
 */
export async function openFdBlockFiles(path: string, options: FdBlockFilesOptions = {}): Promise<BlockFileDirectory> {
  const { reservation = 'sparse', systemCalls = nodeSystemCalls } = options
  try {
    await makeStableDirectory(systemCalls, path)
    await systemCalls.names(path)
    const lock = await lockDirectory(path)
    const directory = new FdBlockFiles(path, lock, reservation, systemCalls)
    await directory.removeLeftovers().catch((thrown: unknown) => directory.close().then(() => Promise.reject(thrown)))
    return directory
  } catch (thrown) {
    throw ioError('open', path, thrown)
  }
}

/** Takes its lock over from whoever made it. */
class FdBlockFiles implements BlockFileDirectory {
  readonly #lock: DirectoryLock
  readonly #reservation: Reservation
  readonly #calls: SystemCalls
  readonly #gate = new CallGate()
  readonly #opened = new Set<BlockFile>()
  readonly #creating = new Set<string>()
  readonly #health = new Map<string, FileHealth>()

  constructor(
    readonly path: string,
    lock: DirectoryLock,
    reservation: Reservation,
    calls: SystemCalls,
  ) {
    this.#lock = lock
    this.#reservation = reservation
    this.#calls = calls
  }

  list(): Promise<readonly string[]> {
    return this.#run('list', this.path, () => blockFileNames(this.#calls, this.path))
  }

  create(name: string, sizeBytes: number): Promise<BlockFile> {
    const path = blockFilePath(this.path, name)
    return this.#run('create', path, async () => {
      checkBlockFileName('create', name)
      if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 1)
        throw invalidArgument('create', path, `size is ${sizeBytes} bytes`)
      if (this.#creating.has(name)) throw invalidArgument('create', path, 'file is being created')
      this.#creating.add(name)
      return this.#create(name, sizeBytes).finally(() => this.#creating.delete(name))
    })
  }

  open(name: string): Promise<BlockFile> {
    return this.#run('open', blockFilePath(this.path, name), async () => {
      checkBlockFileName('open', name)
      return this.#open(name)
    })
  }

  remove(name: string): Promise<void> {
    return this.#run('remove', blockFilePath(this.path, name), async () => {
      checkBlockFileName('remove', name)
      await this.#unlink(blockFilePath(this.path, name))
      this.#health.delete(name)
      await syncDirectory(this.#calls, this.path)
    })
  }

  close(): Promise<void> {
    return this.#gate.close(async () => {
      const closed = await Promise.allSettled([...this.#opened].map((file) => file.close()))
      await this.#lock.release()
      for (const one of closed) if (one.status === 'rejected') throw one.reason
    })
  }

  /** Deletes what an interrupted `create` has left. */
  async removeLeftovers(): Promise<void> {
    for (const name of await blockFileNames(this.#calls, this.path, UNFINISHED_SUFFIX))
      await this.#unlink(blockFilePath(this.path, name, UNFINISHED_SUFFIX))
  }

  async #run<T>(action: string, path: string, call: () => Promise<T>): Promise<T> {
    if (this.#gate.closed) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action} "${path}": directory is closed`)
    try {
      return await this.#gate.run(call)
    } catch (thrown) {
      throw ioError(action, path, thrown)
    }
  }

  /** Under another name until it is whole, so that a crash never leaves a block file of the wrong size. */
  async #create(name: string, sizeBytes: number): Promise<BlockFile> {
    const path = blockFilePath(this.path, name)
    const unfinishedPath = blockFilePath(this.path, name, UNFINISHED_SUFFIX)
    if ((await blockFileNames(this.#calls, this.path)).includes(name))
      throw invalidArgument('create', path, 'file exists')
    try {
      await reserveFile(this.#calls, unfinishedPath, sizeBytes, this.#reservation)
      await this.#calls.rename(unfinishedPath, path)
      await syncDirectory(this.#calls, this.path)
      return await this.#open(name)
    } catch (thrown) {
      await this.#unlink(unfinishedPath).catch(() => undefined)
      await this.#unlink(path).catch(() => undefined)
      throw thrown
    }
  }

  async #open(name: string): Promise<BlockFile> {
    const health = this.#health.get(name) ?? { failure: undefined }
    this.#health.set(name, health)
    const file: FdBlockFile = await openFdBlockFile({
      name,
      path: blockFilePath(this.path, name),
      health,
      calls: this.#calls,
      readOnly: false,
      onClosed: () => this.#opened.delete(file),
    })
    this.#opened.add(file)
    return file
  }

  async #unlink(path: string): Promise<void> {
    try {
      await this.#calls.unlink(path)
    } catch (thrown) {
      if (!hasCode(thrown, 'ENOENT')) throw thrown
    }
  }
}
