import { nativeChecksum, openFdBlockFiles, openMmapBlockFiles, systemClock, type LocalDisk } from '@walrus/adapters-fs'
import { openUringBlockFiles } from '@walrus/adapters-uring'
import type { BlockFileDirectory } from '@walrus/core'

/** The backends of the storage engine, by the names that the broker gives them. */
export const storages = { fd: openFdBlockFiles, mmap: openMmapBlockFiles, uring: openUringBlockFiles } satisfies Record<
  string,
  (path: string) => Promise<BlockFileDirectory>
>

export type Storage = keyof typeof storages

/** A directory of this machine, by the backend of that name. */
export async function openDisk(storage: Storage, path: string): Promise<LocalDisk> {
  return { directory: await storages[storage](path), clock: systemClock(), checksum: nativeChecksum }
}
