import type { Run } from '../blocks/run.js'
import { roundUp } from '../format/geometry.js'

/** A file system makes room for a region when it is first written: then a durable write costs half as much again. */
const STEP_BYTES = 64 * 1024
const ZEROS = new Uint8Array(STEP_BYTES)

/**
 * The zeros to write behind a small durable write that ends at `endBytes`, in the same call, so that the writes that
 * follow in the run only overwrite; undefined where there is nothing to gain.
 */
export function zerosBehind(run: Run, endBytes: number, writeBytes: number): Uint8Array | undefined {
  if (endBytes <= run.writtenBytes) return undefined
  const small = writeBytes <= STEP_BYTES / 2
  run.writtenBytes = small ? Math.min(roundUp(endBytes, STEP_BYTES), run.capacityBytes) : endBytes
  return run.writtenBytes > endBytes ? ZEROS.subarray(0, run.writtenBytes - endBytes) : undefined
}
