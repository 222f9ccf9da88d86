import { emptyConfState, type Entry, type HardState, type LogStore, type LogWrite, type Snapshot } from '@walrus/raft'
import { expect } from 'chai'

/** A place where one Raft log is kept. */
export interface RaftLogPlace {
  /** Opens the log, or opens it again after its `close`. It is empty the first time. */
  open(): Promise<LogStore>
  /** Releases what the place takes up; the log is closed before. */
  remove(): Promise<void>
}

/** Who complies with the port. */
export interface RaftLogSuiteOptions {
  readonly name: string
  /** A fresh place for each test. */
  readonly place: () => Promise<RaftLogPlace>
}

/** What a log must hold, all of it. */
export interface Expected {
  /** Index and term before the first entry; 0/0 unless told. */
  readonly base?: readonly [index: number, term: number]
  readonly terms?: readonly number[]
  readonly hardState?: HardState | null
  readonly snapshot?: readonly [index: number, term: number]
}

/** The place and the log of the test that runs. */
export class RaftLogFixture {
  readonly #makePlace: () => Promise<RaftLogPlace>
  #place: RaftLogPlace | undefined
  #store: LogStore | undefined

  constructor(options: RaftLogSuiteOptions) {
    this.#makePlace = options.place
  }

  get store(): LogStore {
    if (this.#store === undefined) throw new Error('no log is open')
    return this.#store
  }

  async begin(): Promise<void> {
    this.#place = await this.#makePlace()
    this.#store = await this.#place.open()
  }

  async restart(): Promise<LogStore> {
    await this.store.close()
    this.#store = await this.#place?.open()
    return this.store
  }

  async end(): Promise<void> {
    await this.#store?.close()
    await this.#place?.remove()
  }

  /** Entries of these terms from index `from` on. */
  async append(from: number, ...terms: readonly number[]): Promise<void> {
    await this.store.write(write({ entries: entriesFrom(from, terms) }))
  }

  /** Checks everything that can be read, now and after one restart and another. */
  async holds(expected: Expected): Promise<void> {
    await check(this.store, expected)
    await check(await this.restart(), expected)
    await check(await this.restart(), expected)
  }
}

/** A write of what is given, durable. */
export function write(parts: Partial<LogWrite>): LogWrite {
  return { snapshot: null, entries: [], hardState: null, mustSync: true, ...parts }
}

export function entriesFrom(from: number, terms: readonly number[]): readonly Entry[] {
  return terms.map((term, at) => ({ index: from + at, term, type: 'normal', data: dataOf(from + at, term) }))
}

export function snapshotAt(index: number, term: number, data = dataOf(index, term)): Snapshot {
  return { index, term, data, confState: { ...emptyConfState, voters: [1, index], learners: [term + 1_000] } }
}

export function dataOf(index: number, term: number): Uint8Array {
  return new TextEncoder().encode(`${term}/${index}`)
}

async function check(store: LogStore, expected: Expected): Promise<void> {
  const [baseIndex, baseTerm] = expected.base ?? [0, 0]
  const terms = expected.terms ?? []
  const end = baseIndex + terms.length
  expect([store.firstIndex(), store.lastIndex()], 'first and last index').to.deep.equal([baseIndex + 1, end])
  expect(store.term(baseIndex), 'term of the base').to.equal(baseTerm)
  expect(
    terms.map((_, at) => store.term(baseIndex + 1 + at)),
    'terms',
  ).to.deep.equal(terms)
  expect([store.term(baseIndex - 1), store.term(end + 1)], 'terms outside').to.deep.equal([undefined, undefined])
  if (terms.length > 0) {
    expect(plain(store.entries(baseIndex + 1, end + 1, Infinity)), 'entries').to.deep.equal(
      plain(entriesFrom(baseIndex + 1, terms)),
    )
  }
  if (expected.hardState !== undefined) {
    expect(store.initialState().hardState, 'hard state').to.deep.equal(expected.hardState)
  }
  await checkSnapshot(store, expected.snapshot)
}

async function checkSnapshot(store: LogStore, expected: Expected['snapshot']): Promise<void> {
  const [index, term] = expected ?? [0, 0]
  expect(store.snapshotId(), 'place of the snapshot').to.deep.equal({ index, term })
  const loaded = await store.loadSnapshot()
  if (expected === undefined) {
    expect(loaded, 'snapshot').to.equal(null)
    expect(store.initialState().confState, 'members').to.deep.equal(emptyConfState)
    return
  }
  const wanted = snapshotAt(index, term)
  expect(loaded && { ...loaded, data: [...loaded.data] }, 'snapshot').to.deep.equal({
    ...wanted,
    data: [...wanted.data],
  })
  expect(store.initialState().confState, 'members').to.deep.equal(wanted.confState)
}

/** Buffers and arrays of bytes are equal when their bytes are. */
export function plain(entries: readonly Entry[] | undefined): unknown {
  return entries?.map((entry) => ({ ...entry, data: [...entry.data] }))
}
