import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WalrusError } from '@walrus/core'
import { tableFault } from './check-table.js'
import { liveTables } from './live-tables.js'

/**
 * Reads every table that a database in `directory` uses, before it is opened. Throws `CORRUPT_DATA` naming the first one that
 * is not what was written. A database that does not exist yet has none; what else is wrong is for LevelDB to say.
 */
export async function checkTables(directory: string): Promise<void> {
  const current = await readIfThere(join(directory, 'CURRENT'))
  if (current === undefined) return
  const manifest = await readIfThere(join(directory, current.toString().trim()))
  for (const number of liveTables(manifest ?? Buffer.alloc(0))) {
    const path = join(directory, `${String(number).padStart(6, '0')}.ldb`)
    const table = await readIfThere(path)
    const fault = table && tableFault(table)
    if (fault !== undefined)
      throw new WalrusError('CORRUPT_DATA', `Cannot open "${directory}": "${path}" is damaged: ${fault}`)
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return undefined
    throw error
  }
}
