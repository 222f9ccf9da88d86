import { roundUp } from '../format/geometry.js'

/** Small segments share files in small runs; large ones get runs that are worth their own disk extents. */
export interface RunGrowth {
  readonly blockBytes: number
  /** Runs stop growing here, unless one batch needs more. */
  readonly runBytesMax: number
}

/** What the next run is for. */
export interface RunNeed {
  /** Of the batch that finds no room. */
  readonly batchBytes: number
  /** Of the run before; 0 for the first. */
  readonly previousBytes: number
  /** How far the segment is filled, and how large it is expected to get; Infinity where anything may come. */
  readonly segmentBytes: number
  readonly expectedBytes: number
}

/** No run holds more than this share of its segment: what is empty at the end of the last one is little beside the rest. */
const RUNS_PER_SEGMENT_MIN = 8

/**
 * How large the next run of a segment gets, in whole blocks: twice the one before, at least what the batch needs, with room
 * for a few batches of that size so that large batches waste little at the end of a run, and no more than is still to come.
 */
export function nextRunBytes(growth: RunGrowth, need: RunNeed): number {
  const { blockBytes } = growth
  const { batchBytes, previousBytes, segmentBytes, expectedBytes } = need
  const least = roundUp(batchBytes, blockBytes)
  const roomy = least > blockBytes ? 4 * batchBytes : blockBytes
  const largest = Math.min(growth.runBytesMax, expectedBytes / RUNS_PER_SEGMENT_MIN)
  const rest = Math.max(0, expectedBytes - segmentBytes)
  const wanted = Math.min(Math.max(2 * previousBytes, roomy), rest, inWholeBlocks(largest, blockBytes))
  return Math.max(roundUp(wanted, blockBytes), least)
}

function inWholeBlocks(bytes: number, blockBytes: number): number {
  return Math.max(1, Math.floor(bytes / blockBytes)) * blockBytes
}
