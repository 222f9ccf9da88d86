import { join } from 'node:path'
import { WalrusError } from '@walrus/core'
import { nodeSystemCalls, type SystemCalls } from './system-calls.js'
import { hasCode, ioError } from './system-error.js'

/** Where the block file of this name lies. */
export function blockFilePath(directory: string, name: string, suffix = SUFFIX): string {
  return join(directory, name + suffix)
}

/** Names of the block files in the directory, ascending. */
export async function blockFileNames(
  calls: SystemCalls,
  directory: string,
  suffix = SUFFIX,
): Promise<readonly string[]> {
  const found = await calls.names(directory)
  const names = found.filter((one) => one.endsWith(suffix)).map((one) => one.slice(0, -suffix.length))
  return names.filter((name) => NAME.test(name)).sort()
}

/** True when there are block files in the directory; false where it is absent or no directory. Rejects with `IO_FAILED`. */
export async function holdsBlockFiles(directory: string): Promise<boolean> {
  try {
    return (await blockFileNames(nodeSystemCalls, directory)).length > 0
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT') || hasCode(thrown, 'ENOTDIR')) return false
    throw ioError('open', directory, thrown)
  }
}

/** Throws `INVALID_ARGUMENT` for what cannot name a block file. */
export function checkBlockFileName(action: string, name: string): void {
  if (!NAME.test(name)) throw invalidArgument(action, name, 'not a name of letters, digits, "_" and "-"')
}

export function invalidArgument(action: string, what: string, reason: string): WalrusError {
  return new WalrusError('INVALID_ARGUMENT', `Cannot ${action} "${what}": ${reason}`)
}

/** A file that is being made; a crash may leave it behind. */
export const UNFINISHED_SUFFIX = '.blocks.tmp'

const SUFFIX = '.blocks'
const NAME = /^[A-Za-z0-9_-]+$/
