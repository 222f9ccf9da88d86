import type { BlockFile, BlockFileDirectory } from '@walrus/core'
import { openUringBlockFiles } from '../uring-block-files.js'

/** A file that can be given much to do. */
export interface BusyFile {
  readonly directory: BlockFileDirectory
  readonly file: BlockFile
  /** 300 writes, 300 durable ones and 300 reads, all under way when it returns. */
  readonly everything: () => Promise<unknown>[]
}

export async function openBusyFile(path: string): Promise<BusyFile> {
  const directory = await openUringBlockFiles(path)
  const file = await directory.create('a', 2 ** 23)
  const part = new Uint8Array(20_000).fill(1)
  const everything = () =>
    Array.from({ length: 300 }, (_, n) => [
      file.write([part], n * part.length, false),
      file.write([part], n * part.length, true),
      file.read(0, 2 ** 20),
    ]).flat()
  return { directory, file, everything }
}
