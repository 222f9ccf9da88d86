import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLevelRaftLog } from '@walrus/adapters-level'
import { liveTables, maskedCrc32c, tableFault } from '@walrus/adapters-level/testing'
import { temporaryFolder } from '@walrus/testing'
import { oneOf } from '../draw.js'
import { expectThat } from '../expectation.js'
import type { FuzzTarget } from '../fuzz-target.js'

const TABLE = 0
const MANIFEST = 1
const PIECE_HEADER_BYTES = 7

/**
 * Files of LevelDB, damaged, as they are looked at before LevelDB gets them: the first byte says whether the others are a table or
 * a manifest.
 */
export const levelFiles: FuzzTarget = {
  name: 'level-files',
  about: 'tables and manifests of LevelDB, as they are checked before it opens them',
  testInputs: 2000,
  open: async () => {
    const examples = await writtenFiles()
    return { example: (random) => oneOf(random, examples), reseal, check: checkFile, close: () => Promise.resolve() }
  },
}

function checkFile(input: Uint8Array): void {
  const file = Buffer.from(input.subarray(1))
  if (input[0] === MANIFEST) {
    const live = liveTables(file)
    expectThat(live.size <= file.length, `${live.size} tables are in use, says a manifest of ${file.length} bytes`)
  } else {
    const fault = tableFault(file)
    expectThat(fault === undefined || fault.length > 0, 'a fault says nothing')
  }
}

/** The pieces of a manifest, one behind the other, as far as their lengths lead. */
function reseal(input: Uint8Array): Uint8Array {
  if (input[0] !== MANIFEST) return input
  const manifest = Buffer.from(input.buffer, input.byteOffset + 1, input.length - 1)
  for (let at = 0; at + PIECE_HEADER_BYTES <= manifest.length;) {
    const end = Math.min(manifest.length, at + PIECE_HEADER_BYTES + manifest.readUInt16LE(at + 4))
    manifest.writeUInt32LE(maskedCrc32c(manifest.subarray(at + 6, end)), at)
    at = end
  }
  return input
}

async function writtenFiles(): Promise<readonly Uint8Array[]> {
  const folder = await temporaryFolder()
  // What one life has written into the log of LevelDB, the next one puts into tables.
  for (let life = 1; life <= 3; life += 1) {
    const log = await openLevelRaftLog({ directory: folder.path, nodeId: 1, identity: 'one and only' })
    const data = Buffer.from('again and '.repeat(20))
    const entries = [{ index: life, term: 1, type: 'normal', data }] as const
    await log.write({ snapshot: null, entries, hardState: { term: 1, vote: 1, commit: 0 }, mustSync: false })
    await log.close()
  }
  const names = await readdir(join(folder.path, 'log'))
  const kindOf = (name: string) => (name.startsWith('MANIFEST') ? MANIFEST : TABLE)
  const chosen = names.filter((name) => name.endsWith('.ldb') || name.startsWith('MANIFEST')).sort()
  const files = await Promise.all(
    chosen.map(async (name) => Uint8Array.of(kindOf(name), ...(await readFile(join(folder.path, 'log', name))))),
  )
  await folder.remove()
  return files
}
