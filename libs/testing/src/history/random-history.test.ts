import fc from 'fast-check'
import type { TakeEvent } from './check-takes.js'
import type { PutEvent, ReadEvent } from './check-topic.js'

/** What clients saw of one topic, and what is in it. */
export interface History {
  readonly puts: readonly PutEvent[]
  readonly log: readonly ReadEvent[]
  readonly takes: readonly TakeEvent[]
}

interface Step {
  readonly writer: number
  readonly outcome: PutEvent['outcome']
  /** Of an unknown PUT: whether it is stored all the same. */
  readonly stored: boolean
  /** How long before it took its place it was sent, and how long behind that answered. */
  readonly beforeMs: number
  readonly behindMs: number
}

const STEP_MS = 10

/** Histories in which every promise was kept: overlapping calls of several writers, some without an answer. */
export const keptHistories: fc.Arbitrary<History> = fc
  .array(
    fc.record<Step>({
      writer: fc.nat({ max: 2 }),
      outcome: fc.constantFrom('acked', 'acked', 'acked', 'unknown', 'refused'),
      stored: fc.boolean(),
      beforeMs: fc.nat({ max: 9 }),
      behindMs: fc.nat({ max: 40 }),
    }),
    { minLength: 4, maxLength: 40 },
  )
  .map(historyOf)
  .filter(({ puts }) => puts.filter(({ outcome }) => outcome === 'acked').length >= 3)

function historyOf(steps: readonly Step[]): History {
  const puts: PutEvent[] = []
  const log: ReadEvent[] = []
  for (const [at, { writer, outcome, stored, beforeMs, behindMs }] of steps.entries()) {
    const placedMs = at * STEP_MS
    const put = {
      entry: `${writer}-${at}`,
      writer: String(writer),
      sequence: at,
      outcome,
      askedMs: placedMs - beforeMs,
    }
    const isStored = outcome === 'acked' || (outcome === 'unknown' && stored)
    const offset = outcome === 'acked' ? { offset: log.length } : {}
    puts.push({ ...put, ...offset, answeredMs: placedMs + behindMs })
    if (isStored) log.push({ entry: put.entry, offset: log.length })
  }
  return { puts, log, takes: takesOf(log, steps) }
}

/** After all was written: each entry once, an answer that was lost now and then, and in the end nothing. */
function takesOf(log: readonly ReadEvent[], steps: readonly Step[]): readonly TakeEvent[] {
  const startMs = steps.length * STEP_MS * 2
  const takes = log.map(({ entry, offset }): TakeEvent => {
    const placedMs = startMs + offset * STEP_MS
    const { beforeMs = 0, behindMs = 0 } = steps[offset] ?? {}
    const times = { askedMs: placedMs - beforeMs, answeredMs: placedMs + behindMs }
    return offset % 5 === 4 ? { outcome: 'unknown', ...times } : { outcome: 'delivered', entry, ...times }
  })
  const endMs = startMs + log.length * STEP_MS + 100
  return [...takes, { outcome: 'empty', askedMs: endMs, answeredMs: endMs + 1 }]
}
