import { open, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { damaged } from './record.js'

const MARK_BYTES = 12
const CRC_AT = 8

/**
 * A lower bound of the log's end, in a file of its own: u64 LE index, u32 LE CRC-32 of it.
 *
 * LevelDB drops the rest of a log block, or of a log, when it finds a damaged record there, and says nothing. The mark is
 * how that is noticed: what was acknowledged once must still be there. It is written after each commit and never synced,
 * so that it costs next to nothing; after a power loss it may be older, never newer, than the log.
 */
export class DurableMark {
  readonly #file: FileHandle
  readonly #bytes = Buffer.alloc(MARK_BYTES)
  readonly path: string

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  static async open(path: string): Promise<DurableMark> {
    return new DurableMark(path, await openOrCreate(path))
  }

  /** The newest mark that is stored; 0 when none ever was. Throws `CORRUPT_DATA`. */
  async read(): Promise<number> {
    const { bytesRead } = await this.#file.read(this.#bytes, 0, MARK_BYTES, 0)
    const stored = this.#bytes.subarray(0, bytesRead)
    if (stored.every((byte) => byte === 0)) return 0
    const index = bytesRead === MARK_BYTES ? stored.readBigUInt64LE(0) : 0n
    if (bytesRead < MARK_BYTES || stored.readUInt32LE(CRC_AT) !== crc32(stored.subarray(0, CRC_AT))) {
      throw damaged(`"${this.path}"`, 'its checksum does not match')
    }
    return Number(index)
  }

  async write(index: number): Promise<void> {
    this.#bytes.writeBigUInt64LE(BigInt(index), 0)
    this.#bytes.writeUInt32LE(crc32(this.#bytes.subarray(0, CRC_AT)), CRC_AT)
    await this.#file.write(this.#bytes, 0, MARK_BYTES, 0)
  }

  /** After a clean end the mark is exact, whatever happens to the machine. */
  async close(): Promise<void> {
    await this.#file.datasync()
    await this.#file.close()
  }
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return await open(path, 'w+')
  }
}
