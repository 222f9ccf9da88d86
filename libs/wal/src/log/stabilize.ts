import type { StoreFile } from '../blocks/store-file.js'
import { FRAME_BYTES } from '../format/frame.js'
import type { ScannedRun } from './recover-segment.js'

/**
 * Writes what recovery relies on, so that the sync which follows makes it last. After a failed sync the system may show bytes
 * that it will never write: whoever died then left such bytes behind, and a sync alone would not bring them to stable storage.
 * @param isNewest of the newest segment nothing but its own mark says that it is sealed
 * @param filesToSync the files written to are added
 */
export async function stabilize(one: ScannedRun, isNewest: boolean, filesToSync: Set<StoreFile>): Promise<void> {
  const { found, run, content } = one
  const isUnvouched = content !== undefined && content.durableBytes < run.committedBytes
  if (isUnvouched) await writeAgain(one, content.durableBytes)
  if (content?.endsBeforeVoid) await wipeBehind(one)
  const isSeal = isNewest && found.slot.state === 'sealed'
  if (isUnvouched || isSeal) run.file.queueSlot(found.block, found.slot)
  if (isSeal) filesToSync.add(run.file)
}

/** Nothing of what was given up is freed before it is durable that all of it was. */
export async function holdCut({ found, run }: ScannedRun): Promise<void> {
  run.file.queueSlot(found.block, found.slot)
  await run.file.flushSlots()
}

function writeAgain({ run }: ScannedRun, fromBytes: number): Promise<void> {
  return run.file.writeAgain(run.startPosition + fromBytes, run.startPosition + run.committedBytes)
}

/** Takes its frame from the void batch that stands behind the end: the run that makes it void may go, and it must not come back. */
function wipeBehind({ run }: ScannedRun): Promise<void> {
  const position = run.startPosition + run.committedBytes
  return run.file.write([{ position, parts: [new Uint8Array(FRAME_BYTES)] }], false)
}
