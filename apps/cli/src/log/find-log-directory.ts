import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { holdsBlockFiles } from '@walrus/adapters-fs'
import { WalrusError } from '@walrus/core'

/**
 * The directory with the block files: the path itself, or the one log below it where a broker keeps it: `log`, `node_<id>/log`.
 * Rejects with `INVALID_ARGUMENT` when there is none, or more than one.
 */
export async function findLogDirectory(path: string): Promise<string> {
  const nodes = (await namesIn(path)).filter((name) => /^node_\d+$/.test(name)).sort()
  const places = [path, join(path, 'log'), ...nodes.map((node) => join(path, node, 'log'))]
  const logs: string[] = []
  for (const place of places) if (await holdsBlockFiles(place)) logs.push(place)
  const [first, second] = logs
  if (first === undefined) throw notFound(path, 'no block files are in it, nor in "log" or "node_<id>/log" below it')
  if (second !== undefined && first !== path) throw notFound(path, `it holds several, name one: ${logs.join(', ')}`)
  return first
}

function notFound(path: string, reason: string): WalrusError {
  return new WalrusError('INVALID_ARGUMENT', `Cannot find a log in "${path}": ${reason}`)
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code
    throw notFound(path, code === 'ENOENT' ? 'no such directory' : code === 'ENOTDIR' ? 'it is a file' : String(code))
  }
}
