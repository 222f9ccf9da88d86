import { WalrusError, type BlockFile, type BlockFileDirectory, type ErrorCode } from '@walrus/core'
import { expect } from 'chai'
import type { BlockFilePlace, BlockFileSuiteOptions } from './suite-options.js'

/** A multiple of every alignment. */
export const FILE_BYTES = 2 ** 16

/** The place and the directory of the test that runs. */
export class Fixture<Place extends BlockFilePlace = BlockFilePlace> {
  readonly options: BlockFileSuiteOptions<Place>
  #place: Place | undefined
  #directory: BlockFileDirectory | undefined

  constructor(options: BlockFileSuiteOptions<Place>) {
    this.options = options
  }

  get place(): Place {
    if (this.#place === undefined) throw new Error('No test is running')
    return this.#place
  }

  get directory(): BlockFileDirectory {
    if (this.#directory === undefined) throw new Error('No directory is open')
    return this.#directory
  }

  async begin(): Promise<void> {
    this.#place = await this.options.place()
    this.#directory = await this.#place.open()
  }

  async end(): Promise<void> {
    await this.#directory?.close()
    await this.#place?.remove()
  }

  /** A file of `FILE_BYTES` zeros. */
  file(name = 'a'): Promise<BlockFile> {
    return this.directory.create(name, FILE_BYTES)
  }

  async reopen(): Promise<BlockFileDirectory> {
    await this.directory.close()
    return this.openAgain()
  }

  /** Without a close: the directory that was open is given up. */
  async openAgain(): Promise<BlockFileDirectory> {
    this.#directory = await this.place.open()
    return this.#directory
  }
}

/** So many units of the file's alignment, each byte `value`. */
export function filled(file: BlockFile, units: number, value: number): Uint8Array {
  return new Uint8Array(units * file.supports.alignmentBytes).fill(value)
}

/** So many units of the file's alignment, no two neighbours alike. */
export function pattern(file: BlockFile, units: number, seed = 1): Uint8Array {
  return new Uint8Array(units * file.supports.alignmentBytes).map((_, index) => (index * 31 + seed * 17) % 251)
}

/** What all of the file holds. */
export function contents(file: BlockFile): Promise<Uint8Array> {
  return file.read(0, file.sizeBytes)
}

/** Fails unless the call rejects with that code, naming each of the words. */
export async function expectRejection(call: Promise<unknown>, code: ErrorCode, ...words: string[]): Promise<void> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error, `a rejection with ${code}`).to.be.instanceOf(WalrusError)
  expect((error as WalrusError).code).to.equal(code)
  for (const word of words) expect((error as WalrusError).message).to.contain(word)
}
