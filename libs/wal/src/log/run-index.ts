import type { Checksum } from '@walrus/core'
import type { Run } from '../blocks/run.js'
import { recordsIn } from './batch-records.js'
import { BatchScanner } from './batch-scanner.js'

const CHUNK_BYTES = 1024 * 1024

/** Reads what is committed of a run. */
export function scannerOf(run: Run, from: number, chunkBytes: number, checksum: Checksum): BatchScanner {
  const { file, generation, startPosition, committedBytes: to } = run
  return new BatchScanner({ file, generation, startPosition, from, to, chunkBytes }, checksum)
}

/** Makes the index of a run that was found closed. Damage ends it early: whoever reads there meets it. */
export async function indexRun(run: Run, checksum: Checksum): Promise<void> {
  const scanner = scannerOf(run, 0, CHUNK_BYTES, checksum)
  let position = run.firstPosition
  for (;;) {
    const scanned = await scanner.next()
    if (scanned.kind === 'end') break
    if (scanned.kind === 'fault') return
    run.index.add(scanned.header.firstIndex, position, scanned.position)
    position += recordsIn(scanned)
  }
  run.indexed = true
}
