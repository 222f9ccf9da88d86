import {
  EMPTY_TOPIC_STATE,
  WalrusError,
  type EncodedBatch,
  type ErrorCode,
  type LogStorage,
  type NewSegment,
  type SegmentLog,
  type TopicState,
} from '@walrus/core'

/** A place where the segments of one node are kept. */
export interface LogPlace {
  /** Opens the storage, or opens it again after its `close` or a crash. It is empty the first time. */
  open(): Promise<LogStorage>
  /**
   * The power goes, or the process dies: what has not resolved may be lost, and never resolves.
   * @param stopAt the point, from 1, at which the world stops next; never unless told
   */
  crash(stopAt?: number): Promise<void>
  /** Resolves when the world has stopped at the point that was asked for last. */
  readonly stopped: Promise<void>
  /** Points that the world has passed. */
  readonly pointCount: number
  /** Releases what the place takes up. */
  remove(): Promise<void>
}

/** Who complies with the port. */
export interface SegmentLogSuiteOptions {
  readonly name: string
  /**
   * A fresh place for each test.
   * @param stopAt the point, from 1, at which the world stops by itself; never unless told
   * @param seed decides what a crash leaves, where that is open
   */
  readonly place: (stopAt?: number, seed?: number) => Promise<LogPlace>
  /** How many crashes to try at each point; one unless told. */
  readonly crashesPerPoint?: number
}

export const FIRST: NewSegment = { topic: 'logs', segment: 1, baseOffset: 0, epoch: 1, topicState: EMPTY_TOPIC_STATE }
export const EVERYTHING = { maxEntries: 100_000, maxBytes: 100_000_000 }

/** The place and the storage of the test that runs. */
export class LogFixture {
  readonly makePlace: SegmentLogSuiteOptions['place']
  readonly crashesPerPoint: number
  #place: LogPlace | undefined
  #storage: LogStorage | undefined

  constructor({ place, crashesPerPoint = 1 }: SegmentLogSuiteOptions) {
    this.makePlace = place
    this.crashesPerPoint = crashesPerPoint
  }

  get place(): LogPlace {
    if (this.#place === undefined) throw new Error('no test runs')
    return this.#place
  }

  get storage(): LogStorage {
    if (this.#storage === undefined) throw new Error('no storage is open')
    return this.#storage
  }

  async begin(): Promise<void> {
    this.#place = await this.makePlace()
    this.#storage = await this.#place.open()
  }

  async restart(): Promise<LogStorage> {
    await this.storage.close()
    this.#storage = await this.place.open()
    return this.#storage
  }

  async crash(): Promise<LogStorage> {
    await this.place.crash()
    this.#storage = await this.place.open()
    return this.#storage
  }

  async end(): Promise<void> {
    await this.#storage?.close()
    await this.#place?.remove()
    this.#storage = this.#place = undefined
  }

  create(of: Partial<NewSegment> = {}): SegmentLog {
    return this.storage.create({ ...FIRST, ...of })
  }

  /** The segment as it stands now, also after a restart. */
  log(of: Partial<NewSegment> = {}): SegmentLog {
    const log = this.storage.segment({ ...FIRST, ...of })
    if (log === undefined) throw new Error('the segment is not stored')
    return log
  }
}

/** All that two copies of one segment must agree on. */
export interface LogContent {
  readonly entryCount: number
  readonly position: number
  readonly entries: readonly (readonly [offset: number, timestampMs: number, data: string])[]
  readonly batches: readonly (readonly [position: number, firstIndex: number, entryCount: number, bytes: string])[]
  readonly cursors: Readonly<Record<string, number>>
  readonly producers: readonly (readonly [id: number, lastSequence: number])[]
}

export async function contentOf(log: SegmentLog): Promise<LogContent> {
  const entries = await log.read(0, EVERYTHING)
  return {
    entryCount: log.entryCount,
    position: log.position,
    entries: entries.map(({ offset, timestampMs, data }) => [offset, timestampMs, hex(data)]),
    batches: (await allBatches(log)).map(({ position, firstIndex, entryCount, bytes: of }) => {
      return [position, firstIndex, entryCount, hex(of)]
    }),
    ...stateOf(log.topicState),
  }
}

export function stateOf({ cursors, producers }: TopicState): Pick<LogContent, 'cursors' | 'producers'> {
  return { cursors: Object.fromEntries([...cursors].sort()), producers: [...producers] }
}

/** Every committed batch, in reads of a few. */
export async function allBatches(log: SegmentLog, maxBytes = 3000): Promise<EncodedBatch[]> {
  const found: EncodedBatch[] = []
  for (let position = 0; position < log.position;) {
    const batches = await log.readBatches(position, maxBytes)
    found.push(...batches)
    const last = batches.at(-1)
    if (last === undefined) throw new Error(`nothing stands at position ${position}`)
    position = endOf(last)
  }
  return found
}

export function endOf({ position, entryCount }: EncodedBatch): number {
  return position + Math.max(1, entryCount)
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export async function texts(log: SegmentLog, fromIndex = 0): Promise<string[]> {
  return (await log.read(fromIndex, EVERYTHING)).map(({ data }) => new TextDecoder().decode(data))
}

/** The code of what it throws or rejects with; `undefined` when it does not. */
export async function codeOf(call: () => unknown): Promise<ErrorCode | undefined> {
  try {
    await call()
    return undefined
  } catch (error) {
    if (error instanceof WalrusError) return error.code
    throw error
  }
}

function hex(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString('hex')
}
