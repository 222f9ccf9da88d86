import { expect } from 'chai'
import fc from 'fast-check'
import { checkTakes } from './check-takes.js'
import { checkTopic, type PutEvent, type ReadEvent } from './check-topic.js'
import { ObservedLog } from './observed-log.js'
import { keptHistories, type History } from './random-history.test.js'

/** Breaks one promise; undefined where the history has no place for it. `pick` chooses the place. */
type Breakage = (history: History, pick: number) => History | undefined

const breakages: Readonly<Record<string, { readonly by: Breakage; readonly found: RegExp }>> = {
  'an acknowledged entry that is lost': {
    by: (history, pick) => withLog(history, (log) => without(log, placeOf(history, acked(history, pick)))),
    found: /was acknowledged and is lost/,
  },
  'an entry that is stored twice': {
    by: (history, pick) => withLog(history, (log) => [...log, log[pick % log.length]]),
    found: /is there 2 times/,
  },
  'an acknowledged entry at another offset': {
    by: (history, pick) => {
      const put = acked(history, pick)
      return withPut(history, put, { ...put, offset: (put.offset ?? 0) + 1 })
    },
    found: /was acknowledged at \d+ and is at \d+/,
  },
  'an entry that was refused and is there': {
    by: (history, pick) => {
      const put = acked(history, pick)
      return withPut(history, put, { ...put, outcome: 'refused' })
    },
    found: /was refused and is there/,
  },
  'an entry that nobody sent': {
    by: (history) => withLog(history, (log) => [...log, { entry: 'stranger', offset: log.length }]),
    found: /"stranger" was never sent/,
  },
  'entries of one connection in another order': {
    by: (history, pick) => withLog(history, (log) => swapped(log, pairOfOneWriter(history, pick))),
    found: /which was sent after it/,
  },
  'an entry before one that was acknowledged before it was sent': {
    by: (history) => withLog(history, (log) => swapped(log, pairInTime(history))),
    found: /began after .* was answered, which is at/,
  },
  'a gap between the offsets': {
    by: ({ log, ...history }, pick) => {
      const gap = pick % log.length
      return { ...history, log: log.map(({ entry, offset }) => ({ entry, offset: offset + (offset >= gap ? 1 : 0) })) }
    },
    found: /is missing: \d+ stands there/,
  },
  'an entry that is delivered twice': {
    by: (history, pick) => {
      const take = history.takes.filter(({ outcome }) => outcome === 'delivered')[pick % 3]
      return take && { ...history, takes: [...history.takes, take] }
    },
    found: /delivered 2 times/,
  },
  'more entries undelivered than takes without an answer': {
    by: (history) => ({ ...history, takes: history.takes.filter(({ outcome }) => outcome === 'empty') }),
    found: /was not delivered/,
  },
  'a delivery of what is not in the log': {
    by: (history) => ({
      ...history,
      takes: [{ outcome: 'delivered', entry: 'ghost', askedMs: 0, answeredMs: 1 }, ...history.takes],
    }),
    found: /"ghost" is not in the log/,
  },
  'a cursor that goes back': {
    by: (history) => ({
      ...history,
      takes: history.takes.map((take, at) => ({ ...take, askedMs: -at, answeredMs: 0.5 - at })),
    }),
    found: /the delivery of .* began after the delivery of .* was answered/,
  },
  'nothing delivered where something was acknowledged': {
    by: (history) => {
      const askedMs = Math.max(...history.puts.map((put) => put.answeredMs ?? 0)) + 1
      return { ...history, takes: [{ outcome: 'empty', askedMs, answeredMs: askedMs + 1 }, ...history.takes] }
    },
    found: /began after the answer "nothing" was answered/,
  },
}

describe('the history checker', () => {
  it('finds nothing in a history in which every promise was kept', () => {
    fc.assert(
      fc.property(keptHistories, (history) => {
        expect(faultsOf(history)).to.deep.equal([])
      }),
    )
  })

  for (const [name, { by, found }] of Object.entries(breakages)) {
    it(`finds ${name}, wherever it is`, () => {
      fc.assert(
        fc.property(keptHistories, fc.nat(), (history, pick) => {
          const broken = by(history, pick)
          fc.pre(broken !== undefined)
          expect(faultsOf(broken).join('\n')).to.match(found)
        }),
      )
    })
  }

  it('finds an offset that is used again, and a reader that skips or repeats', () => {
    fc.assert(
      fc.property(keptHistories, fc.nat(), ({ log }, pick) => {
        const seen = new ObservedLog('logs')
        const [first, second, third] = [1, 2, 3].map((id) => seen.reader(`node ${id}`))
        for (const event of log) first?.see(event)
        for (const event of log.slice(0, pick % log.length)) second?.see(event)
        expect([seen.faults, seen.entries]).to.deep.equal([[], log])
        const { offset } = log[pick % log.length] ?? { offset: 0 }
        second?.see({ entry: 'other', offset })
        third?.see({ entry: log[1]?.entry ?? '', offset: 1 })
        expect(seen.faults[0]).to.match(
          new RegExp(`read by node 2: "other" is at ${offset}, where ".*" was seen before`),
        )
        expect(seen.faults[1]).to.equal('"logs" read by node 3: 1 came where 0 was to come')
      }),
    )
  })
})

function faultsOf({ puts, log, takes }: History): readonly string[] {
  return [...checkTopic(puts, log), ...checkTakes(takes, { puts, log, complete: true })]
}

function acked({ puts }: History, pick: number): PutEvent {
  const all = puts.filter(({ outcome }) => outcome === 'acked')
  return all[pick % all.length]!
}

function placeOf({ log }: History, put: PutEvent): number {
  return log.findIndex(({ entry }) => entry === put.entry)
}

function withPut(history: History, put: PutEvent, other: PutEvent): History {
  return { ...history, puts: history.puts.map((one) => (one === put ? other : one)) }
}

/** The log changed, with offsets that are whole again. */
function withLog(
  history: History,
  change: (log: readonly ReadEvent[]) => readonly (ReadEvent | undefined)[] | undefined,
): History | undefined {
  const changed = change(history.log)
  return changed && { ...history, log: changed.map((event, offset) => ({ entry: event?.entry ?? '', offset })) }
}

function without(log: readonly ReadEvent[], place: number): readonly ReadEvent[] {
  return log.filter((_, at) => at !== place)
}

function swapped(log: readonly ReadEvent[], pair: readonly number[] | undefined): readonly ReadEvent[] | undefined {
  const [one, other] = pair?.map((at) => log[at]) ?? []
  if (one === undefined || other === undefined) return undefined
  return log.map((event) => (event === one ? other : event === other ? one : event))
}

function pairOfOneWriter({ log }: History, pick: number): readonly number[] | undefined {
  const writer = String(pick % 3)
  const places = log.flatMap(({ entry }, at) => (entry.startsWith(`${writer}-`) ? [at] : []))
  return places.length < 2 ? undefined : places.slice(0, 2)
}

/** The first entry that was acknowledged, and the last one, if that was sent after the answer. */
function pairInTime({ puts, log }: History): readonly number[] | undefined {
  const [first, last] = [acked({ puts, log, takes: [] }, 0), puts.find(({ entry }) => entry === log.at(-1)?.entry)]
  const inTime = (first.answeredMs ?? 0) < (last?.askedMs ?? 0)
  return inTime ? [log.findIndex(({ entry }) => entry === first.entry), log.length - 1] : undefined
}
