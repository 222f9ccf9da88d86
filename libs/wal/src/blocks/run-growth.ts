/** Small segments share files in small runs; large ones get runs that are worth their own disk extents. */
export interface RunGrowth {
  readonly blockBytes: number
  /** Runs stop growing here, unless one batch needs more. */
  readonly runBytesMax: number
}

/**
 * How many blocks the next run of a segment gets: twice the one before, at least what the batch needs,
 * and room for a few batches of that size so that large batches waste little at the end of a run.
 */
export function nextRunBlocks(growth: RunGrowth, previousBlocks: number, neededBytes: number): number {
  const neededBlocks = Math.ceil(neededBytes / growth.blockBytes)
  const blocksMax = Math.max(1, Math.floor(growth.runBytesMax / growth.blockBytes))
  const roomyBlocks = neededBlocks > 1 ? Math.ceil((4 * neededBytes) / growth.blockBytes) : 1
  const wanted = Math.max(2 * previousBlocks, roomyBlocks)
  return Math.max(Math.min(wanted, blocksMax), neededBlocks)
}
