import { constants } from 'node:fs'
import { WalrusError, type BlockFile, type BlockFileSupport } from '@walrus/core'
import { CallGate } from './call-gate.js'
import { EndOfFile, readFully } from './read-fully.js'
import type { SystemCalls } from './system-calls.js'
import { hasCode, ioError, systemReason } from './system-error.js'
import { fitsOneCall, lengthOf, writeFully, writeSmall } from './write-parts.js'

/** Shared by all that have the file open. Invariant: once set, `failure` stays. */
export interface FileHealth {
  failure: WalrusError | undefined
}

/** Which file, and what it works with. */
export interface FdBlockFileOptions {
  readonly name: string
  readonly path: string
  readonly health: FileHealth
  readonly calls: SystemCalls
  /** Nothing can be written through it. */
  readonly readOnly: boolean
  readonly onClosed: () => void
}

/** Opens an existing file. Rejects with `INVALID_ARGUMENT` where it is absent, else with the system's error. */
export async function openFdBlockFile(options: FdBlockFileOptions): Promise<FdBlockFile> {
  const { calls, path, readOnly } = options
  const descriptor = await openDescriptor(calls, path, readOnly ? constants.O_RDONLY : constants.O_RDWR)
  try {
    const sizeBytes = await calls.fileSizeBytes(descriptor)
    const isDurable = HAS_DURABLE_WRITE && !readOnly
    const durableDescriptor = isDurable ? await openDescriptor(calls, path, DURABLE_FLAGS) : undefined
    return new FdBlockFile(options, { descriptor, durableDescriptor, sizeBytes })
  } catch (thrown) {
    await calls.close(descriptor)
    throw thrown
  }
}

/** Elsewhere the flag is missing, or does not reach through the cache of the drive as a sync does. */
const HAS_DURABLE_WRITE = process.platform === 'linux'
const DURABLE_FLAGS = constants.O_RDWR | constants.O_DSYNC

async function openDescriptor(calls: SystemCalls, path: string, flags: number): Promise<number> {
  try {
    return await calls.open(path, flags)
  } catch (thrown) {
    if (!hasCode(thrown, 'ENOENT')) throw thrown
    throw new WalrusError('INVALID_ARGUMENT', `Cannot open "${path}": no such block file`)
  }
}

interface Descriptors {
  readonly descriptor: number
  /** A second one whose writes are durable when they return; undefined where the system has none. */
  readonly durableDescriptor: number | undefined
  readonly sizeBytes: number
}

const WRITTEN = Promise.resolve()

/** A block file over plain descriptors. */
export class FdBlockFile implements BlockFile {
  readonly supports: BlockFileSupport
  readonly name: string
  readonly sizeBytes: number
  readonly #options: FdBlockFileOptions
  readonly #descriptors: Descriptors
  readonly #gate = new CallGate()
  readonly #durableWrites = new Set<Promise<void>>()
  #syncing: Promise<void> | undefined
  #nextSync: Promise<void> | undefined

  constructor(options: FdBlockFileOptions, descriptors: Descriptors) {
    this.supports = { alignmentBytes: 1, durableWrite: descriptors.durableDescriptor !== undefined }
    this.name = options.name
    this.sizeBytes = descriptors.sizeBytes
    this.#options = options
    this.#descriptors = descriptors
  }

  write(parts: readonly Uint8Array[], position: number, durable: boolean): Promise<void> {
    try {
      const writtenBytes = this.#beginWrite(parts, position, durable)
      if (writtenBytes === lengthOf(parts)) return WRITTEN
      return this.#gate.run(() =>
        durable ? this.#writeDurable(parts, position) : this.#writeCached(parts, position, writtenBytes),
      )
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Checks, and writes at once what is small and need not be durable: a commit of many topics is many of these. */
  #beginWrite(parts: readonly Uint8Array[], position: number, durable: boolean): number {
    this.#checkOpen('write', position)
    this.#checkHealth('write', position)
    this.#checkRange('write', position, lengthOf(parts))
    if (durable) return -1
    try {
      return writeSmall(this.#options.calls, this.#descriptors.descriptor, parts, position)
    } catch (thrown) {
      this.#reject(`write at ${position} of`, thrown)
    }
  }

  async sync(): Promise<void> {
    this.#checkOpen('sync')
    this.#checkHealth('sync')
    return this.#gate.run(() => this.#syncAfterOthers())
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    this.#checkOpen('read', position)
    this.#checkRange('read', position, length)
    return this.#gate.run(() => this.#readExactly(position, length))
  }

  close(): Promise<void> {
    return this.#gate.close(() => this.#release())
  }

  async #release(): Promise<void> {
    const { descriptor, durableDescriptor } = this.#descriptors
    const descriptors = durableDescriptor === undefined ? [descriptor] : [descriptor, durableDescriptor]
    const closed = await Promise.allSettled(descriptors.map((one) => this.#options.calls.close(one)))
    this.#options.onClosed()
    for (const one of closed) if (one.status === 'rejected') this.#reject('close', one.reason)
  }

  async #writeCached(parts: readonly Uint8Array[], position: number, writtenBytes: number): Promise<void> {
    try {
      await writeFully(this.#options.calls, this.#descriptors.descriptor, parts, position, writtenBytes)
    } catch (thrown) {
      this.#reject(`write at ${position} of`, thrown)
    }
  }

  async #writeDurable(parts: readonly Uint8Array[], position: number): Promise<void> {
    const { durableDescriptor, descriptor } = this.#descriptors
    const oneCall = durableDescriptor !== undefined && fitsOneCall(parts)
    const written = writeFully(this.#options.calls, oneCall ? durableDescriptor : descriptor, parts, position)
    this.#durableWrites.add(written)
    try {
      await written
    } catch (thrown) {
      this.#break(`write at ${position} of`, thrown)
    } finally {
      this.#durableWrites.delete(written)
    }
    await (oneCall ? this.#othersReturn() : this.#syncAfterOthers())
    this.#checkHealth('write', position)
  }

  /**
   * Waits for the durable writes that are under way now: the system tells of bytes that it could not write to one of them
   * only, not always to the one they belong to, so none is believed before all that were beside it have returned.
   */
  async #othersReturn(): Promise<void> {
    if (this.#durableWrites.size > 0) await Promise.allSettled(this.#durableWrites)
  }

  /**
   * One sync at a time, and all who ask meanwhile share the next: the system tells of bytes that it could not write to one
   * sync only, so a second one beside it would be told that all is well.
   */
  #syncAfterOthers(): Promise<void> {
    if (this.#nextSync !== undefined) return this.#nextSync
    if (this.#syncing === undefined) return this.#startSync()
    const start = () => this.#startSync()
    this.#nextSync = this.#syncing.then(start, start)
    return this.#nextSync
  }

  #startSync(): Promise<void> {
    this.#nextSync = undefined
    this.#syncing = this.#sync().finally(() => (this.#syncing = undefined))
    return this.#syncing
  }

  async #sync(): Promise<void> {
    this.#checkHealth('sync')
    try {
      await this.#options.calls.syncData(this.#descriptors.descriptor)
    } catch (thrown) {
      this.#break('sync', thrown)
    }
    this.#checkHealth('sync')
  }

  async #readExactly(position: number, length: number): Promise<Uint8Array> {
    try {
      return await readFully(this.#options.calls, this.#descriptors.descriptor, position, length)
    } catch (thrown) {
      const action = `read at ${position} of`
      if (!(thrown instanceof EndOfFile)) this.#reject(action, thrown)
      throw new WalrusError('CORRUPT_DATA', `Cannot ${action} "${this.#options.path}": ${thrown.message}`)
    }
  }

  #checkOpen(action: string, position?: number): void {
    if (!this.#gate.closed) return
    const reason = `Cannot ${placed(action, position)} "${this.#options.path}": file is closed`
    throw new WalrusError('STORAGE_CLOSED', reason)
  }

  /** Whether it can be written to. */
  #checkHealth(action: string, position?: number): void {
    const { health, readOnly, path } = this.#options
    const { failure } = health
    if (!readOnly && failure === undefined) return
    const what = `Cannot ${placed(action, position)} "${path}"`
    if (readOnly) throw new WalrusError('INVALID_ARGUMENT', `${what}: file is opened for reading only`)
    throw new WalrusError('FILE_FAILED', `${what}: file failed before`, failure)
  }

  #checkRange(action: string, position: number, lengthBytes: number): void {
    const whole = Number.isSafeInteger(position) && Number.isSafeInteger(lengthBytes)
    if (whole && position >= 0 && lengthBytes >= 0 && position + lengthBytes <= this.sizeBytes) return
    const reason = `${lengthBytes} bytes there are not inside its ${this.sizeBytes} bytes`
    const what = `Cannot ${placed(action, position)} "${this.#options.path}"`
    throw new WalrusError('INVALID_ARGUMENT', `${what}: ${reason}`)
  }

  #break(action: string, thrown: unknown): never {
    const { health, path } = this.#options
    const failure = new WalrusError('FILE_FAILED', `Cannot ${action} "${path}": ${systemReason(thrown)}`, thrown)
    health.failure ??= failure
    throw failure
  }

  #reject(action: string, thrown: unknown): never {
    throw ioError(action, this.#options.path, thrown)
  }
}

/** Put together only where a call fails. */
function placed(action: string, position: number | undefined): string {
  return position === undefined ? action : `${action} at ${position} of`
}
