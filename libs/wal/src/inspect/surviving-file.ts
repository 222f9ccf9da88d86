import { reasonOf, WalrusError, type BlockFile } from '@walrus/core'

/** What is unreadable is found out in such pieces. */
const PIECE_BYTES = 4096

/**
 * A file as far as it can be read: what is beyond its end, or what the system cannot read, reads as zeros, which are no batch.
 * Nothing can be written through it.
 */
export class SurvivingFile implements BlockFile {
  readonly name: string
  readonly sizeBytes: number
  readonly supports: BlockFile['supports']
  readonly #file: BlockFile
  readonly #onUnreadable: (position: number, reason: string) => void
  readonly #reported = new Set<number>()

  /** @param onUnreadable told once of each place that the system cannot read */
  constructor(file: BlockFile, onUnreadable: (position: number, reason: string) => void) {
    this.name = file.name
    this.sizeBytes = file.sizeBytes
    this.supports = file.supports
    this.#file = file
    this.#onUnreadable = onUnreadable
  }

  async write(): Promise<void> {
    throw this.#readOnly('write')
  }

  async sync(): Promise<void> {
    throw this.#readOnly('sync')
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const thereBytes = Math.max(0, Math.min(length, this.sizeBytes - position))
    if (thereBytes === 0) return new Uint8Array(length)
    const bytes = await this.#readThere(position, thereBytes)
    if (thereBytes === length) return bytes
    const filled = new Uint8Array(length)
    filled.set(bytes)
    return filled
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #readThere(position: number, length: number): Promise<Uint8Array> {
    try {
      return await this.#file.read(position, length)
    } catch (thrown) {
      if (!isUnreadable(thrown)) throw thrown
      return this.#readPieces(position, length)
    }
  }

  async #readPieces(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length;) {
      const pieceBytes = Math.min(length - at, PIECE_BYTES - ((position + at) % PIECE_BYTES))
      bytes.set(await this.#readPiece(position + at, pieceBytes), at)
      at += pieceBytes
    }
    return bytes
  }

  async #readPiece(position: number, length: number): Promise<Uint8Array> {
    try {
      return await this.#file.read(position, length)
    } catch (thrown) {
      if (!isUnreadable(thrown)) throw thrown
      const piece = position - (position % PIECE_BYTES)
      if (!this.#reported.has(piece)) this.#onUnreadable(piece, reasonOf(thrown))
      this.#reported.add(piece)
      return new Uint8Array(length)
    }
  }

  #readOnly(action: string): WalrusError {
    return new WalrusError('INVALID_ARGUMENT', `Cannot ${action} "${this.name}": it is only inspected`)
  }
}

function isUnreadable(thrown: unknown): boolean {
  return thrown instanceof WalrusError && (thrown.code === 'IO_FAILED' || thrown.code === 'CORRUPT_DATA')
}
