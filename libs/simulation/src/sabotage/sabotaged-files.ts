import type { BlockFile, BlockFileDirectory } from '@walrus/core'

/** What of a file is done otherwise. */
export type FileFault = (file: BlockFile) => Partial<Pick<BlockFile, 'write' | 'sync'>>

/** The directory with files that do some things otherwise than they promise. */
export function sabotagedFiles(directory: BlockFileDirectory, fault: FileFault): BlockFileDirectory {
  const sabotage = (file: BlockFile): BlockFile => ({
    name: file.name,
    sizeBytes: file.sizeBytes,
    supports: file.supports,
    write: (parts, position, durable) => file.write(parts, position, durable),
    sync: () => file.sync(),
    read: (position, length) => file.read(position, length),
    close: () => file.close(),
    ...fault(file),
  })
  return {
    path: directory.path,
    list: () => directory.list(),
    create: async (name, sizeBytes) => sabotage(await directory.create(name, sizeBytes)),
    open: async (name) => sabotage(await directory.open(name)),
    remove: (name) => directory.remove(name),
    close: () => directory.close(),
  }
}
