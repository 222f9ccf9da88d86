import { roundUp } from '../format/geometry.js'

/** Small segments share files in small runs; large ones get runs that are worth their own disk extents. */
export interface RunGrowth {
  readonly blockBytes: number
  /** Runs stop growing here, unless one batch needs more. */
  readonly runBytesMax: number
}

/**
 * How large the next run of a segment gets, in whole blocks: twice the one before, at least what the batch needs,
 * and room for a few batches of that size so that large batches waste little at the end of a run.
 */
export function nextRunBytes(growth: RunGrowth, previousBytes: number, neededBytes: number): number {
  const { blockBytes } = growth
  const least = roundUp(neededBytes, blockBytes)
  const most = Math.max(1, Math.floor(growth.runBytesMax / blockBytes)) * blockBytes
  const roomy = least > blockBytes ? roundUp(4 * neededBytes, blockBytes) : blockBytes
  const wanted = Math.max(roundUp(2 * previousBytes, blockBytes), roomy)
  return Math.max(Math.min(wanted, most), least)
}
