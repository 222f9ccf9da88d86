import { WalrusError, type BlockFile, type BlockFileDirectory } from '@walrus/core'
import { blockFileNames, blockFilePath, checkBlockFileName, invalidArgument } from './block-file-names.js'
import { CallGate } from './call-gate.js'
import { checkUnowned } from './directory-lock.js'
import { openFdBlockFile, type FdBlockFile } from './fd-block-file.js'
import { nodeSystemCalls, type SystemCalls } from './system-calls.js'
import { ioError } from './system-error.js'

/** A directory that is only looked at: `create` and `remove`, and `write` and `sync` of its files, reject with `INVALID_ARGUMENT`. */
export interface ReadOnlyBlockFiles extends BlockFileDirectory {
  /**
   * Rejects with `DIRECTORY_LOCKED` when an owner has come since it was opened: then what was read may be half old, half new.
   */
  checkUnowned(): Promise<void>
}

/**
 * Opens the directory for reading, and writes nothing: no lock, no clean-up, and descriptors that could not. So it works where
 * nothing can be written. Rejects with `DIRECTORY_LOCKED` while it has an owner, and with `IO_FAILED` and the system's reason
 * where it is absent or cannot be read. It keeps no owner out that comes later.
 */
export async function openFdBlockFilesReadOnly(
  path: string,
  options: { readonly systemCalls?: SystemCalls } = {},
): Promise<ReadOnlyBlockFiles> {
  const { systemCalls = nodeSystemCalls } = options
  const directory = new FdReadOnlyBlockFiles(path, systemCalls)
  await directory.list()
  await directory.checkUnowned()
  return directory
}

class FdReadOnlyBlockFiles implements ReadOnlyBlockFiles {
  readonly #calls: SystemCalls
  readonly #gate = new CallGate()
  readonly #opened = new Set<BlockFile>()

  constructor(
    readonly path: string,
    calls: SystemCalls,
  ) {
    this.#calls = calls
  }

  checkUnowned(): Promise<void> {
    return this.#run('open', this.path, () => checkUnowned(this.path))
  }

  list(): Promise<readonly string[]> {
    return this.#run('open', this.path, () => blockFileNames(this.#calls, this.path))
  }

  open(name: string): Promise<BlockFile> {
    const path = blockFilePath(this.path, name)
    return this.#run('open', path, async () => {
      checkBlockFileName('open', name)
      const file: FdBlockFile = await openFdBlockFile({
        name,
        path,
        health: { failure: undefined },
        calls: this.#calls,
        readOnly: true,
        onClosed: () => this.#opened.delete(file),
      })
      this.#opened.add(file)
      return file
    })
  }

  async create(name: string): Promise<BlockFile> {
    throw invalidArgument('create', blockFilePath(this.path, name), READ_ONLY)
  }

  async remove(name: string): Promise<void> {
    throw invalidArgument('remove', blockFilePath(this.path, name), READ_ONLY)
  }

  close(): Promise<void> {
    return this.#gate.close(async () => {
      const closed = await Promise.allSettled([...this.#opened].map((file) => file.close()))
      for (const one of closed) if (one.status === 'rejected') throw one.reason
    })
  }

  async #run<T>(action: string, path: string, call: () => Promise<T>): Promise<T> {
    if (this.#gate.closed) throw new WalrusError('STORAGE_CLOSED', `Cannot ${action} "${path}": directory is closed`)
    try {
      return await this.#gate.run(call)
    } catch (thrown) {
      throw ioError(action, path, thrown)
    }
  }
}

const READ_ONLY = 'directory is opened for reading only'
