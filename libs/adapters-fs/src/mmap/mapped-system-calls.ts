import { constants } from 'node:fs'
import { nodeSystemCalls, type SystemCalls } from '../system-calls.js'
import { systemError } from '../system-error.js'

/** What the C of this package does. A mapping is a small number. Wrong arguments throw and do nothing. */
export interface MappingAddon {
  /** Makes the file so long and takes its space. Returns 0, or a negative errno. */
  reserve(descriptor: number, sizeBytes: number): number
  /** Reserves the file and maps it. Returns the mapping, or a negative errno. */
  map(descriptor: number, sizeBytes: number): number
  /** Copies into the file. */
  copy(mapping: number, bytes: Uint8Array, position: number): void
  unmap(mapping: number): void
}

/**
 * The system's calls, except that what is written at once is copied into the mapped file. The rest goes through the
 * descriptor, which sees the same memory. That is no way around the mapping but the quicker way into it: behind a durable
 * copy the file system has twice as much to do as behind a durable write, and a long copy stops the thread at every page
 * that it touches first. A read of a file that has become shorter fails, where the mapping would end the process.
 */
export function mappedSystemCalls(addon: MappingAddon, calls: SystemCalls = nodeSystemCalls): SystemCalls {
  const mappings = new Map<number, number>()
  return {
    ...calls,
    open: async (path, flags) => {
      const descriptor = await calls.open(path, flags)
      if (!isMapped(flags)) return descriptor
      try {
        const sizeBytes = await calls.fileSizeBytes(descriptor)
        mappings.set(descriptor, checked(addon.map(descriptor, sizeBytes), 'mmap'))
      } catch (thrown) {
        await calls.close(descriptor)
        throw thrown
      }
      return descriptor
    },
    truncate: async (descriptor, sizeBytes) => void checked(addon.reserve(descriptor, sizeBytes), 'fallocate'),
    writeNow: (descriptor, parts, position) => {
      const mapping = mappings.get(descriptor)
      if (mapping === undefined) return calls.writeNow(descriptor, parts, position)
      return copyParts(addon, mapping, parts, position)
    },
    close: async (descriptor) => {
      const mapping = mappings.get(descriptor)
      mappings.delete(descriptor)
      if (mapping !== undefined) addon.unmap(mapping)
      await calls.close(descriptor)
    },
  }
}

/** Block files are opened to read and write; new ones only to write, and durable writes have their own descriptor. */
function isMapped(flags: number): boolean {
  return (flags & constants.O_RDWR) !== 0 && (flags & constants.O_DSYNC) === 0
}

function checked(result: number, call: string): number {
  if (result < 0) throw systemError(-result, call)
  return result
}

function copyParts(addon: MappingAddon, mapping: number, parts: readonly Uint8Array[], position: number): number {
  let end = position
  for (const part of parts) {
    addon.copy(mapping, part, end)
    end += part.length
  }
  return end - position
}
