import { WalrusError, type BlockFileDirectory } from '@walrus/core'
import { loadAddon, type BackendProbe } from '../addon.js'
import { openFdBlockFiles } from '../fd-block-files.js'
import { mappedSystemCalls, type MappingAddon } from './mapped-system-calls.js'

/**
 * As `openFdBlockFiles`, and with the same files on disk; what is written without durability is copied into memory that is
 * mapped to the file. Rejects with `IO_FAILED` where there is no such memory: `probeMmap` tells before.
 */
export async function openMmapBlockFiles(path: string): Promise<BlockFileDirectory> {
  const addon = mappingAddon()
  if ('reason' in addon) throw new WalrusError('IO_FAILED', `Cannot open "${path}" with mmap: ${addon.reason}`)
  return openFdBlockFiles(path, { systemCalls: mappedSystemCalls(addon) })
}

/** Whether files can be mapped here, and why not. Cheap after the first call. */
export function probeMmap(): BackendProbe {
  const addon = mappingAddon()
  return 'reason' in addon ? { available: false, reason: addon.reason } : { available: true }
}

let known: MappingAddon | { readonly reason: string } | undefined

/** The native part of this thread, or why there is none. */
export function mappingAddon(): MappingAddon | { readonly reason: string } {
  known ??= process.platform === 'linux' ? loadAddon<MappingAddon>(ADDON) : { reason: 'it is for Linux only' }
  return known
}

const ADDON = new URL('../../build/walrus_mmap.node', import.meta.url)
