import { randomBelow, seededRandom, type Random } from '@walrus/testing'

/** Where a node sits, from 0; a node that is replaced leaves its seat to the next one. */
export type SeatNumber = number

/** What is done to the cluster, and to whom. */
export type Fault =
  | { readonly kind: 'kill'; readonly seat: SeatNumber }
  | { readonly kind: 'pause'; readonly seat: SeatNumber }
  | { readonly kind: 'partition'; readonly side: readonly SeatNumber[] }
  | { readonly kind: 'one-way'; readonly silent: readonly SeatNumber[] }
  | { readonly kind: 'bridge'; readonly side: readonly SeatNumber[]; readonly bridge: SeatNumber }
  | { readonly kind: 'slow-links'; readonly seat: SeatNumber; readonly delayMs: number }
  | { readonly kind: 'disk-full'; readonly seat: SeatNumber }
  | { readonly kind: 'replace'; readonly seat: SeatNumber }

export type FaultKind = Fault['kind']

/** One fault with its begin and its end. */
export interface PlannedFault {
  readonly fault: Fault
  /** After the round begins. */
  readonly beginMs: number
  /** After the fault has begun; a replacement takes as long as it takes. */
  readonly lastsMs: number
}

/** Faults beside each other, and a time of calm before. */
export interface Round {
  readonly calmMs: number
  /** Whether the nodes are up again, all of them, before the calm. */
  readonly settled: boolean
  readonly faults: readonly PlannedFault[]
}

/** Rounds without end. The same seed and number of seats give the same rounds; each kind comes before any comes again. */
export function* planRounds(seed: number, seatCount: number): Generator<Round, never, undefined> {
  const random = seededRandom(seed)
  const kinds = dealKinds(random)
  for (;;) yield planRound(random, kinds, seatCount)
}

function planRound(random: Random, kinds: Iterator<FaultKind, never>, seatCount: number): Round {
  const calmMs = between(random, CALM_MS)
  const wanted = 1 + randomBelow(random, FAULTS_AT_ONCE_MAX)
  const first = kinds.next().value
  // A node can be replaced only while a majority can speak: nothing else happens meanwhile.
  const others = first === 'replace' ? [] : nextKinds(kinds, wanted - 1)
  const seats = shuffled(random, range(seatCount))
  const faults = [first, ...others].map((kind, at): PlannedFault => ({
    fault: planFault(random, kind, [...seats.slice(at), ...seats.slice(0, at)]),
    beginMs: at === 0 ? 0 : between(random, STAGGER_MS),
    lastsMs: between(random, LASTS_MS[kind]),
  }))
  return { calmMs, settled: first === 'replace' || random() < 0.5, faults }
}

/** The next kinds, without the replacements among them, which come in a round of their own. */
function nextKinds(kinds: Iterator<FaultKind, never>, count: number): FaultKind[] {
  return range(count)
    .map(() => kinds.next().value)
    .filter((kind) => kind !== 'replace')
}

/** @param seats in the order in which they are hit: those at the front belong to this fault */
function planFault(random: Random, kind: FaultKind, seats: readonly SeatNumber[]): Fault {
  const seat = seats[0] ?? 0
  const minority = Math.floor((seats.length - 1) / 2)
  switch (kind) {
    case 'kill':
    case 'pause':
    case 'disk-full':
    case 'replace':
      return { kind, seat }
    case 'partition':
      return { kind, side: seats.slice(0, 1 + randomBelow(random, minority)) }
    case 'one-way':
      return { kind, silent: seats.slice(0, 1 + randomBelow(random, minority)) }
    case 'bridge':
      return { kind, bridge: seat, side: seats.slice(1, 1 + minority) }
    case 'slow-links':
      return { kind, seat, delayMs: between(random, LINK_DELAY_MS) }
  }
}

/** All kinds in one order, then all of them in another one, and so on. */
function* dealKinds(random: Random): Generator<FaultKind, never, undefined> {
  for (;;) yield* shuffled(random, Object.keys(LASTS_MS) as FaultKind[])
}

function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const left = [...items]
  return items.flatMap(() => left.splice(randomBelow(random, left.length), 1))
}

function between(random: Random, [min, max]: readonly [number, number]): number {
  return min + randomBelow(random, max - min + 1)
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at)
}

/** From well below the silence after which others take over to well above it. */
const LASTS_MS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  kill: [500, 6000],
  pause: [500, 8000],
  partition: [1000, 8000],
  'one-way': [1000, 8000],
  bridge: [1000, 8000],
  'slow-links': [2000, 8000],
  'disk-full': [6000, 12_000],
  replace: [0, 0],
}
const CALM_MS = [500, 4000] as const
const STAGGER_MS = [0, 3000] as const
const LINK_DELAY_MS = [20, 300] as const
const FAULTS_AT_ONCE_MAX = 3
