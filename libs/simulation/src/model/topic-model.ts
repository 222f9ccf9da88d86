import type { ReadConsistency } from '@walrus/wal'
import { equalBytes, type AppendCall } from './append-call.js'
import { CommittedCursor, type CursorCommit } from './committed-cursor.js'
import { DeliveryCursor, type CursorRead } from './delivery-cursor.js'
import { explainTail } from './explain-tail.js'
import { expectPromise } from './violation.js'

/** What a read showed; it is compared once everybody who was to be told has been told. */
export interface Observation {
  readonly offset: number
  readonly data: Uint8Array
}

/** What a read was called with. */
export interface AskedRange {
  readonly offset: number
  readonly maxEntries: number
  readonly mustFind: boolean
}

/** What a topic held when a sync was called. */
export interface DurableMark {
  readonly endOffset: number
  readonly committedEnd: number
  readonly commits: ReadonlyMap<string, CursorCommit | undefined>
}

/** A topic as its callers may rely on it: what was acked is there, once, in order, at its offset. */
export class TopicModel {
  readonly name: string
  readonly delivery: DeliveryCursor
  readonly cursors = new Map<string, CommittedCursor>()
  /** Set while entries are being removed, and after that has failed: after a crash they may be there or not. */
  shrinking = false
  /** Set while an entry may be readable of which its caller hears only when it is durable. */
  ahead = false
  /** Set while the open segment is being sealed. */
  rolling = false
  /** Acked entries; the first has offset `startOffset`. */
  readonly #entries: Uint8Array[] = []
  /** Calls whose entries need not survive a crash, in the order of the calls. */
  #calls: AppendCall[] = []
  #acked: AppendCall[] = []
  #observed: Observation[] = []
  #delivered: { readonly read: CursorRead; readonly entries: readonly Observation[] }[] = []
  #startOffset = 0
  #durableEnd = 0
  #outlivedEnd = 0
  #ackedDurableEnd = 0
  #callCount = 0
  #lastAckedId = 0

  constructor(name: string, consistency: ReadConsistency) {
    this.name = name
    this.delivery = new DeliveryCursor(consistency, 0)
  }

  get startOffset(): number {
    return this.#startOffset
  }

  get endOffset(): number {
    return this.#startOffset + this.#entries.length
  }

  /** Offset behind the entries that are on stable storage, as the engine has promised. */
  get durableEnd(): number {
    return this.#durableEnd
  }

  /** Offset behind the entries that were acked before the last ones were: whatever was written since knows them durable. */
  get outlivedEnd(): number {
    return this.#outlivedEnd
  }

  get isIdle(): boolean {
    const cursorsIdle = [...this.cursors.values()].every((cursor) => cursor.isIdle)
    return !this.rolling && cursorsIdle && this.delivery.isIdle && this.#calls.every(({ state }) => state !== 'pending')
  }

  cursor(name: string): CommittedCursor {
    const known = this.cursors.get(name) ?? new CommittedCursor()
    this.cursors.set(name, known)
    return known
  }

  beginRead(entriesMax: number): CursorRead {
    return this.delivery.begin(entriesMax, this.endOffset, this.shrinking)
  }

  beginShrinking(): void {
    this.shrinking = true
    this.delivery.loosen()
  }

  beginAppend(entries: readonly Uint8Array[]): AppendCall {
    this.#callCount += 1
    const call: AppendCall = { id: this.#callCount, entries, state: 'pending', firstOffset: -1 }
    this.#calls.push(call)
    return call
  }

  acked(call: AppendCall, firstOffset: number): void {
    call.state = 'acked'
    call.firstOffset = firstOffset
    this.#acked.push(call)
  }

  /** The entry is on stable storage, and so is what the topic got before it. */
  ackedDurably(call: AppendCall, firstOffset: number): void {
    this.acked(call, firstOffset)
    this.#ackedDurableEnd = firstOffset + call.entries.length
  }

  observe(observations: readonly Observation[]): void {
    this.#observed.push(...observations)
  }

  /** What a read returned stands side by side, and begins where it was asked for, or where the topic now begins. */
  expectRange(entries: readonly Observation[], asked: AskedRange): void {
    const { name } = this
    const [first] = entries
    expectPromise(entries.length <= asked.maxEntries, () => `topic ${name} showed ${entries.length} entries, too many`)
    if (!first)
      return expectPromise(!asked.mustFind || this.shrinking, () => `topic ${name} showed nothing at ${asked.offset}`)
    const begins =
      first.offset === asked.offset ||
      (first.offset > asked.offset && (this.shrinking || first.offset <= this.#startOffset))
    expectPromise(begins, () => `topic ${name} showed offset ${first.offset} first, ${asked.offset} was asked for`)
    entries.forEach(({ offset }, at) => {
      expectPromise(
        offset === first.offset + at,
        () => `topic ${name} showed offset ${offset} in the place of ${first.offset + at}`,
      )
    })
  }

  delivered(read: CursorRead, entries: readonly Observation[]): void {
    this.observe(entries)
    this.#delivered.push({ read, entries })
  }

  /** Everybody who was to be told has been told: offsets are compared now, and what was read. */
  compare(): void {
    if (this.#acked.length > 0) this.#outlivedEnd = this.endOffset
    for (const call of this.#acked.sort((a, b) => a.firstOffset - b.firstOffset)) this.#take(call)
    this.#acked = []
    if (this.#ackedDurableEnd > this.#durableEnd)
      this.noteDurable({ endOffset: this.#ackedDurableEnd, committedEnd: 0, commits: new Map() })
    for (const one of this.#observed) this.#compareEntry(one)
    this.#observed = []
    const firstOf = (entries: readonly Observation[]): number => entries[0]?.offset ?? Infinity
    for (const { read, entries } of this.#delivered.sort((a, b) => firstOf(a.entries) - firstOf(b.entries)))
      this.delivery.delivered(read, firstOf(entries), entries.length)
    this.#delivered = []
  }

  /** Whether that is what was acked at the offset. */
  holds({ offset, data }: Observation): boolean {
    const entry = this.#entries[offset - this.#startOffset]
    return entry !== undefined && equalBytes(data, entry)
  }

  mark(): DurableMark {
    const commits = new Map([...this.cursors].map(([name, cursor]) => [name, cursor.lastAcked]))
    return { endOffset: this.endOffset, committedEnd: this.delivery.committedEnd, commits }
  }

  noteDurable({ endOffset, committedEnd, commits }: DurableMark): void {
    this.#durableEnd = Math.max(this.#durableEnd, endOffset)
    this.#calls = this.#calls.filter((call) => call.state !== 'acked' || call.firstOffset >= endOffset)
    this.delivery.noteDurable(committedEnd)
    for (const [name, commit] of commits) this.cursor(name).noteDurable(commit)
  }

  /** After a clean stop nothing counts but what was acked. */
  forgetFailed(): void {
    this.#calls = this.#calls.filter(({ state }) => state !== 'failed')
    for (const cursor of this.cursors.values()) cursor.forgetFailed()
  }

  /** The oldest entries are gone for good. */
  trimmed(startOffset: number): void {
    this.#entries.splice(0, startOffset - this.#startOffset)
    this.#startOffset = startOffset
    this.#durableEnd = Math.max(this.#durableEnd, startOffset)
    this.#calls = this.#calls.flatMap((call) => restFrom(call, startOffset))
    this.shrinking = false
    this.delivery.trimmed(startOffset)
  }

  /** Compares what came back after a crash, and goes on from there. */
  recovered(entries: readonly Observation[]): void {
    const endOffset = this.#startOffset + entries.length
    entries.forEach(({ offset }, at) => {
      const expected = this.#startOffset + at
      expectPromise(offset === expected, () => `topic ${this.name} has offset ${offset} in the place of ${expected}`)
    })
    expectPromise(endOffset >= this.#durableEnd, () => {
      return `topic ${this.name} ends at ${endOffset} after recovery, its durable entries at ${this.#durableEnd}`
    })
    const durableCount = this.#durableEnd - this.#startOffset
    for (const entry of entries.slice(0, durableCount)) this.#compareEntry(entry)
    const tail = entries.slice(durableCount).map(({ data }) => data)
    expectPromise(explainTail({ firstOffset: this.#durableEnd, entries: tail }, this.#calls), () => {
      return `topic ${this.name} has ${tail.length} entries from ${this.#durableEnd} on that its appends do not explain`
    })
    this.#entries.splice(durableCount, Infinity, ...tail)
    this.#durableEnd = endOffset
    this.#calls = []
    this.#acked = []
    this.#observed = []
    this.#delivered = []
    this.rolling = false
    this.ahead = false
  }

  #take(call: AppendCall): void {
    const { firstOffset, id, entries } = call
    expectPromise(firstOffset === this.endOffset, () => {
      return `append ${id} to topic ${this.name} got offset ${firstOffset}, the topic ends at ${this.endOffset}`
    })
    expectPromise(
      id > this.#lastAckedId,
      () => `append ${id} to topic ${this.name} overtook append ${this.#lastAckedId}`,
    )
    this.#lastAckedId = id
    this.#entries.push(...entries)
  }

  #compareEntry({ offset, data }: Observation): void {
    const expected = this.#entries[offset - this.#startOffset]
    if (expected === undefined && (offset < this.#startOffset || this.ahead)) return
    expectPromise(
      expected !== undefined,
      () => `topic ${this.name} shows offset ${offset}, it ends at ${this.endOffset}`,
    )
    expectPromise(equalBytes(data, expected), () => {
      return `topic ${this.name} shows ${data.length} wrong bytes at offset ${offset}, of ${expected.length}`
    })
  }
}

/** What is left of a call when its first entries are gone. */
function restFrom(call: AppendCall, startOffset: number): AppendCall[] {
  const gone = startOffset - call.firstOffset
  if (call.state !== 'acked' || gone <= 0) return [call]
  return gone < call.entries.length ? [{ ...call, firstOffset: startOffset, entries: call.entries.slice(gone) }] : []
}
