import { openFdBlockFiles, openMmapBlockFiles, probeMmap, type BackendProbe } from '@walrus/adapters-fs'
import { MemoryBlockFiles } from '@walrus/adapters-memory'
import { openUringBlockFiles, probeUring } from '@walrus/adapters-uring'
import { WalrusError, type BlockFileDirectory } from '@walrus/core'

/** How block files are read and written; all but memory share one format on disk. */
export type StorageBackend = 'uring' | 'mmap' | 'fd' | 'memory'

/** What may be asked for: a backend by name, or whichever is best here. */
export const STORAGE_CHOICES = ['auto', 'uring', 'mmap', 'fd', 'memory'] as const

export type StorageChoice = (typeof STORAGE_CHOICES)[number]

/** An open directory, and what it runs on. */
export interface OpenBackend {
  readonly backend: StorageBackend
  readonly directory: BlockFileDirectory
}

/** A backend that was asked for by name and cannot be had is an error that says why: nothing else is taken in its place. */
export async function openBackend(choice: StorageChoice, path: string): Promise<OpenBackend> {
  const backend = resolveBackend(choice)
  return { backend, directory: await open(backend, path) }
}

/**
 * The backend that a choice means here. `auto` is plain descriptors: they were the quickest or close to it wherever it was
 * measured, and lose nothing where processors are busy (docs/adr/0006-io-uring.md, docs/performance.md).
 * Throws `UNAVAILABLE` for a backend that cannot be had.
 */
export function resolveBackend(choice: StorageChoice): StorageBackend {
  if (choice === 'auto') return 'fd'
  const probe = probeOf(choice)
  if (probe.available) return choice
  throw new WalrusError('UNAVAILABLE', `Cannot use storage "${choice}": ${probe.reason}`)
}

function probeOf(backend: StorageBackend): BackendProbe {
  switch (backend) {
    case 'uring':
      return probeUring()
    case 'mmap':
      return probeMmap()
    case 'fd':
    case 'memory':
      return { available: true }
  }
}

function open(backend: StorageBackend, path: string): Promise<BlockFileDirectory> {
  switch (backend) {
    case 'uring':
      return openUringBlockFiles(path)
    case 'mmap':
      return openMmapBlockFiles(path)
    case 'fd':
      return openFdBlockFiles(path)
    case 'memory':
      return MemoryBlockFiles.open()
  }
}
