import { realTimeFaults, type PlacedCall } from './real-time-order.js'

/** One PUT as its writer saw it. */
export interface PutEvent {
  /** Names the entry; no two PUTs of a topic have the same. */
  readonly entry: string
  /** The connection: its PUTs are in the log in the order in which they were sent. */
  readonly writer: string
  /** Ascends with each PUT of the writer. */
  readonly sequence: number
  /** `unknown`: no answer, or one that says that the outcome is not known. `refused`: answered that it was not stored. */
  readonly outcome: 'acked' | 'unknown' | 'refused'
  /** Where it stands, if the answer said so. */
  readonly offset?: number
  /** When it was sent, on the clock of all writers. */
  readonly askedMs?: number
  /** When it was answered. */
  readonly answeredMs?: number
}

/** One entry as a reader found it. */
export interface ReadEvent {
  readonly entry: string
  readonly offset: number
}

/**
 * What is wrong with a topic, in words; empty when its promises hold: each acknowledged PUT is in the log exactly once and at
 * its offset, an unacknowledged one at most once and a refused one not at all, nothing else is there, offsets have no gaps,
 * each writer's entries stand in the order of its PUTs, and behind what was acknowledged before they were sent, to whomever.
 * @param log everything from `firstOffset` on, as one reader found it
 */
export function checkTopic(puts: readonly PutEvent[], log: readonly ReadEvent[], firstOffset = 0): readonly string[] {
  const known = new Map(puts.map((put) => [put.entry, put]))
  const places = placesOf(log)
  return [
    ...offsetFaults(log, firstOffset),
    ...puts.flatMap((put) => putFaults(put, places.get(put.entry) ?? [])),
    ...log.filter(({ entry }) => !known.has(entry)).map(({ entry, offset }) => `${offset}: "${entry}" was never sent`),
    ...orderFaults(log, known),
    ...realTimeFaults(placedPuts(log, known)),
  ]
}

/**
 * What is wrong with what readers of one strict cursor were given, in words: nothing twice, and only what is in the log. With
 * `complete`, all of the log was delivered, but for `lostMax` entries at most: one may be lost with each take that got no answer.
 */
export function checkDeliveries(
  delivered: readonly string[],
  log: readonly ReadEvent[],
  { complete, lostMax = 0 }: { readonly complete: boolean; readonly lostMax?: number },
): readonly string[] {
  const times = new Map<string, number>()
  for (const entry of delivered) times.set(entry, (times.get(entry) ?? 0) + 1)
  const inLog = new Set(log.map(({ entry }) => entry))
  const twice = [...times]
    .filter(([, count]) => count > 1)
    .map(([entry, count]) => `"${entry}" delivered ${count} times`)
  const foreign = [...times.keys()].filter((entry) => !inLog.has(entry)).map((entry) => `"${entry}" is not in the log`)
  const undelivered = complete ? log.filter(({ entry }) => !times.has(entry)) : []
  const missing = undelivered.length > lostMax ? undelivered : []
  return [...twice, ...foreign, ...missing.map(({ entry, offset }) => `${offset}: "${entry}" was not delivered`)]
}

function placesOf(log: readonly ReadEvent[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>()
  for (const { entry, offset } of log) {
    const known = places.get(entry)
    if (known === undefined) places.set(entry, [offset])
    else known.push(offset)
  }
  return places
}

function offsetFaults(log: readonly ReadEvent[], firstOffset: number): readonly string[] {
  const wrong = log.findIndex(({ offset }, at) => offset !== firstOffset + at)
  return wrong === -1 ? [] : [`offset ${firstOffset + wrong} is missing: ${log[wrong]?.offset} stands there`]
}

function putFaults({ entry, outcome, offset }: PutEvent, places: readonly number[]): readonly string[] {
  const faults: string[] = []
  if (places.length > 1) faults.push(`"${entry}" (${outcome}) is there ${places.length} times: ${places.join(', ')}`)
  if (outcome === 'acked' && places.length === 0) faults.push(`"${entry}" was acknowledged and is lost`)
  if (outcome === 'refused' && places.length > 0) faults.push(`${places[0]}: "${entry}" was refused and is there`)
  if (offset !== undefined && places.length === 1 && places[0] !== offset) {
    faults.push(`"${entry}" was acknowledged at ${offset} and is at ${places[0]}`)
  }
  return faults
}

/** Those whose times are known, acknowledged or not: what has no answer may be stored at any time after it was sent. */
function placedPuts(log: readonly ReadEvent[], known: ReadonlyMap<string, PutEvent>): PlacedCall[] {
  return log.flatMap(({ entry, offset }) => {
    const { outcome, askedMs, answeredMs } = known.get(entry) ?? {}
    if (askedMs === undefined) return []
    const acked = outcome === 'acked' ? answeredMs : undefined
    return [{ name: `"${entry}"`, offset, askedMs, answeredMs: acked ?? Infinity }]
  })
}

function orderFaults(log: readonly ReadEvent[], known: ReadonlyMap<string, PutEvent>): readonly string[] {
  const newest = new Map<string, PutEvent>()
  const faults: string[] = []
  for (const { entry, offset } of log) {
    const put = known.get(entry)
    if (put === undefined) continue
    const before = newest.get(put.writer)
    if (before !== undefined && before.sequence > put.sequence) {
      faults.push(`${offset}: "${entry}" stands behind "${before.entry}", which was sent after it`)
    } else newest.set(put.writer, put)
  }
  return faults
}
