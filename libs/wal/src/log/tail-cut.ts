import { WalrusError, type Checksum } from '@walrus/core'
import type { ControlRecord } from '@walrus/protocol'
import type { LogPoint } from '../blocks/log-point.js'
import type { Run } from '../blocks/run.js'
import { MutableTopicState } from './mutable-topic-state.js'
import { scanRun, type RunContent } from './scan-run.js'

/** Where a segment is to end, and what it is there. */
export interface TailCut {
  readonly end: LogPoint
  /** The run in which it ends. */
  readonly run: Run
  /** Bytes of that run that stay. */
  readonly bytes: number
  readonly lastTimestampMs: number
  readonly topicState: MutableTopicState
}

/**
 * How the segment stood at the position; undefined where that is within a batch. Reads one run, or a few where a crash has left
 * runs without their state. Rejects with `CORRUPT_DATA` where that cannot be read.
 * @param runs ascending; the position is within them
 */
export async function findCut(
  runs: readonly Run[],
  position: number,
  checksum: Checksum,
): Promise<TailCut | undefined> {
  const before = runs.filter((run) => run.firstPosition <= position)
  const limit = { index: Infinity, position }
  const records: (readonly ControlRecord[])[] = []
  let cut: Omit<TailCut, 'topicState'> | undefined
  for (const run of before.reverse()) {
    const content = await scanRun(run, run.durableBytes, limit, checksum)
    checkContent(run, content)
    cut ??= cutIn(run, content)
    if (cut.end.position !== position) return undefined
    records.unshift(content.stateRecords)
    if (content.startsWithState) break
  }
  return cut && { ...cut, topicState: stateOf(records.flat()) }
}

function cutIn(run: Run, content: RunContent): Omit<TailCut, 'topicState'> {
  const { endIndex, endPosition, committedBytes, lastTimestampMs } = content
  return { run, end: { index: endIndex, position: endPosition }, bytes: committedBytes, lastTimestampMs }
}

function checkContent(run: Run, { damage }: RunContent): void {
  if (!damage) return
  const place = `file ${run.file.name} at byte ${run.startPosition + damage.position}`
  throw new WalrusError('CORRUPT_DATA', `Cannot find the end of a run (${place}): ${damage.reason}`)
}

function stateOf(records: readonly ControlRecord[]): MutableTopicState {
  const state = new MutableTopicState()
  for (const record of records) state.apply(record)
  return state
}
