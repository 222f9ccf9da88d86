import { checkDeliveries, type PutEvent, type ReadEvent } from './check-topic.js'
import { realTimeFaults, type PlacedCall } from './real-time-order.js'

/** One call that took the next entry at a shared cursor, as its caller saw it. */
export interface TakeEvent {
  /** `unknown`: no answer, or an error; the cursor may have passed one entry, which nobody gets. */
  readonly outcome: 'delivered' | 'empty' | 'unknown'
  /** What was delivered. */
  readonly entry?: string
  readonly askedMs: number
  readonly answeredMs: number
}

/** What is to be held against the takes. */
export interface TakesContext {
  readonly puts: readonly PutEvent[]
  readonly log: readonly ReadEvent[]
  /** Somebody took until there was nothing left. */
  readonly complete: boolean
}

/**
 * What is wrong with what all callers of a topic's strict cursor were given, in words; empty when its promises hold: no entry
 * twice, only what is in the log, the cursor never goes back, nothing that was acknowledged before is missed by an answer that
 * there is nothing. With `complete`, everything was delivered, but for one entry at most for each call without an outcome.
 */
export function checkTakes(takes: readonly TakeEvent[], { puts, log, complete }: TakesContext): readonly string[] {
  const delivered = takes.flatMap(({ entry }) => (entry === undefined ? [] : [entry]))
  const unknownCount = takes.filter(({ outcome }) => outcome === 'unknown').length
  const offsets = new Map(log.map(({ entry, offset }) => [entry, offset]))
  return [
    ...checkDeliveries(delivered, log, { complete, lostMax: unknownCount }),
    ...realTimeFaults([...deliveries(takes, offsets), ...emptyAnswers(takes, acknowledgements(puts, offsets))]),
  ]
}

function deliveries(takes: readonly TakeEvent[], offsets: ReadonlyMap<string, number>): PlacedCall[] {
  return takes.flatMap(({ entry, askedMs, answeredMs }) => {
    const offset = entry === undefined ? undefined : offsets.get(entry)
    return offset === undefined ? [] : [{ name: `the delivery of "${entry}"`, offset, askedMs, answeredMs }]
  })
}

/** The cursor of an answer "nothing" has passed all that was acknowledged before the question. */
function emptyAnswers(takes: readonly TakeEvent[], acknowledged: readonly Acknowledgement[]): PlacedCall[] {
  const empty = takes.filter(({ outcome }) => outcome === 'empty').sort((one, other) => one.askedMs - other.askedMs)
  const calls: PlacedCall[] = []
  let [count, offset] = [0, -1]
  for (const { askedMs, answeredMs } of empty) {
    for (; (acknowledged[count]?.answeredMs ?? Infinity) < askedMs; count += 1) {
      offset = Math.max(offset, acknowledged[count]?.offset ?? -1)
    }
    // It stands for what the cursor had passed by then, which breaks no call before it.
    if (offset >= 0) calls.push({ name: 'the answer "nothing"', offset, askedMs: -Infinity, answeredMs })
  }
  return calls
}

interface Acknowledgement {
  readonly offset: number
  readonly answeredMs: number
}

function acknowledgements(puts: readonly PutEvent[], offsets: ReadonlyMap<string, number>): Acknowledgement[] {
  return puts
    .flatMap(({ entry, outcome, answeredMs }) => {
      const offset = offsets.get(entry)
      if (outcome !== 'acked' || answeredMs === undefined || offset === undefined) return []
      return [{ offset, answeredMs }]
    })
    .sort((one, other) => one.answeredMs - other.answeredMs)
}
