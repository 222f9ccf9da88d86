import { describeScene } from './describe.js'
import { newReplay, type Replay } from './replay-state.js'
import { finalFault } from './final-state.js'
import { take } from './step.js'
import { NodeQueues, type NodeQueue } from './node-queues.js'
import type { TracedLine } from './trace-file.js'
import type { Refusal } from './verdict.js'

/** What became of a replay. */
export interface ReplayOutcome {
  readonly events: number
  readonly nodes: number
  readonly segments: number
  /** Why the model does not allow the run, one line after the other; undefined when it does. */
  readonly fault: readonly string[] | undefined
}

/**
 * Replays what nodes have recorded, each in its own order. Among nodes a step comes as soon as all that it follows from has been
 * replayed; whether it may come then depends on nothing else, so any order in which they go on leads to the same verdict.
 */
export function replayTraces(traces: readonly Iterable<TracedLine>[]): ReplayOutcome {
  const replay = newReplay()
  const queues = new NodeQueues(traces)
  // The others go on as far as they can, so that what is shown is the state around the step and not before it.
  const broken = new Map<NodeQueue, Stop>()
  let events = 0
  for (;;) {
    const waiting: Stop[] = []
    const before = events
    for (const queue of queues.all()) {
      if (broken.has(queue)) continue
      const stop = goOn(replay, queue, () => (events += 1))
      if (stop?.refusal.kind === 'broken') broken.set(queue, stop)
      else if (stop !== undefined) waiting.push(stop)
    }
    if (events === before && !queues.hasGrown()) {
      return outcome(replay, events, faultOf(replay, [...broken.values()], waiting))
    }
  }
}

/** Takes the node's steps as long as there are any that may be taken; the one that may not, or not yet. */
function goOn(replay: Replay, queue: NodeQueue, onTaken: () => void): Stop | undefined {
  for (let line = queue.head(); line !== undefined; line = queue.head()) {
    const refusal = take(replay, line.event)
    if (refusal !== undefined) return { line, refusal }
    queue.shift()
    onTaken()
  }
  return undefined
}

interface Stop {
  readonly line: TracedLine
  readonly refusal: Refusal
}

function outcome(replay: Replay, events: number, fault: readonly string[] | undefined): ReplayOutcome {
  let segments = 0
  for (const topics of replay.topics.values()) for (const topic of topics) segments += topic.segments.size
  return { events, nodes: replay.nodes.size, segments, fault }
}

function faultOf(replay: Replay, broken: readonly Stop[], waiting: readonly Stop[]): readonly string[] | undefined {
  if (broken.length > 0) return broken.flatMap((one) => explained(replay, one))
  if (waiting.length === 0) return finalFault(replay)
  return ['No node can go on, and the trace is not at its end', ...waiting.flatMap((one) => explained(replay, one))]
}

function explained(replay: Replay, { line: { event, place }, refusal }: Stop): readonly string[] {
  const { node, number, kind, ...fields } = event
  const values = JSON.stringify(fields)
  return [
    `${place}: node ${node}, event ${number}, ${kind}: ${refusal.reason}`,
    `  ${values}`,
    ...describeScene(replay, event),
  ]
}
