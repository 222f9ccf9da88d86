import { createHash } from 'node:crypto'
import { cp, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { localDisk, nativeChecksum, openFdBlockFilesReadOnly } from '@walrus/adapters-fs'
import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { LogInspector, Walrus, type BatchView, type RunView } from '@walrus/wal'

const SMALL = { blockBytes: 4096, fileBytes: 64 * 1024, segmentBytesMax: 20_000 }

/** A log on disk as the engine makes it, for tests that damage it. */
export class LogFolder {
  readonly #folder: TemporaryFolder
  readonly path: string

  private constructor(folder: TemporaryFolder, path: string) {
    this.#folder = folder
    this.path = path
  }

  /** @param below where in a new folder the log is */
  static async make(below = 'log'): Promise<LogFolder> {
    const folder = await temporaryFolder()
    const path = join(folder.path, below)
    await mkdir(path, { recursive: true })
    return new LogFolder(folder, path)
  }

  /** The folder that the log is in. */
  get root(): string {
    return this.#folder.path
  }

  remove(): Promise<void> {
    return this.#folder.remove()
  }

  /** @param below where in the folder the copy is */
  copyTo(below: string): Promise<void> {
    return cp(this.path, join(this.root, below), { recursive: true })
  }

  async open(options: Partial<typeof SMALL> = {}): Promise<Walrus> {
    return Walrus.open({ ...(await localDisk(this.path)), ...SMALL, ...options })
  }

  async write(use: (walrus: Walrus) => Promise<unknown>, options: Partial<typeof SMALL> = {}): Promise<void> {
    const walrus = await this.open(options)
    await use(walrus)
    await walrus.close()
  }

  /** Writes, and leaves what a killed process would. */
  async writeAndDie(use: (walrus: Walrus) => Promise<unknown>): Promise<void> {
    const walrus = await this.open()
    await use(walrus)
    await cp(this.path, `${this.path}.dead`, { recursive: true, filter: (name) => !name.endsWith('.lock') })
    await walrus.close()
    await rm(this.path, { recursive: true })
    await rename(`${this.path}.dead`, this.path)
  }

  async flip(file: string, byte: number): Promise<void> {
    const handle = await open(join(this.path, `${file}.blocks`), 'r+')
    const bytes = new Uint8Array(1)
    await handle.read(bytes, 0, 1, byte)
    await handle.write(Uint8Array.of(bytes[0]! ^ 0x40), 0, 1, byte)
    await handle.close()
  }

  async batches(topic: string): Promise<BatchView[]> {
    return this.#look(async (inspector) => {
      const batches: BatchView[] = []
      for await (const batch of inspector.batches(topic)) batches.push(batch)
      return batches
    })
  }

  async runs(topic: string): Promise<readonly RunView[]> {
    return this.#look(async (inspector) => (await inspector.topic(topic)).runs)
  }

  /** Of all names, bytes, sizes, modes and times of change. */
  async hash(): Promise<string> {
    const hash = createHash('sha256')
    for (const name of (await readdir(this.path)).sort()) {
      const { size, mode, mtimeMs, ctimeMs } = await stat(join(this.path, name))
      hash.update(JSON.stringify({ name, size, mode, mtimeMs, ctimeMs })).update(await readFile(join(this.path, name)))
    }
    return hash.digest('hex')
  }

  async #look<T>(use: (inspector: LogInspector) => Promise<T>): Promise<T> {
    const directory = await openFdBlockFilesReadOnly(this.path)
    const inspector = await LogInspector.open({ directory, checksum: nativeChecksum })
    try {
      return await use(inspector)
    } finally {
      await inspector.close()
    }
  }
}

/** Appends `<topic> 0 …`, `<topic> 1 …`, each a batch of its own. */
export async function fill(walrus: Walrus, topic: string, count: number): Promise<void> {
  for (let at = 0; at < count; at++) await walrus.append(topic, Buffer.from(`${topic} ${at} `.padEnd(1000, '.')))
}
