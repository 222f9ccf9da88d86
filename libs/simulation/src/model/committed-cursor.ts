import { expectPromise } from './violation.js'

/** One commit of a cursor that is under way. */
export interface CursorCommit {
  readonly offset: number
  state: 'pending' | 'acked' | 'failed'
}

/** A cursor that moves when its position is committed: after a crash it is at the last durable commit, or a later one. */
export class CommittedCursor {
  #durable: number | undefined
  /** Commits since the durable one, in the order of the calls. */
  #since: CursorCommit[] = []

  begin(offset: number): CursorCommit {
    const commit: CursorCommit = { offset, state: 'pending' }
    this.#since.push(commit)
    return commit
  }

  /** What a caller that was told sees; undefined where no commit was ever acked. */
  get current(): number | undefined {
    return this.#since.findLast(({ state }) => state === 'acked')?.offset ?? this.#durable
  }

  get isIdle(): boolean {
    return this.#since.every(({ state }) => state !== 'pending')
  }

  /** The last commit that a sync which starts now covers. */
  get lastAcked(): CursorCommit | undefined {
    return this.#since.findLast(({ state }) => state === 'acked')
  }

  noteDurable(commit: CursorCommit | undefined): void {
    const at = commit ? this.#since.indexOf(commit) : -1
    if (!commit || at < 0) return
    this.#durable = commit.offset
    this.#since = this.#since.slice(at + 1)
  }

  /** Nothing but what was acked counts: as after a clean stop. */
  forgetFailed(): void {
    this.#since = this.#since.filter(({ state }) => state === 'acked')
  }

  /** One that was never committed, or stands before the start, is at the start. */
  recovered(name: string, position: number | undefined, startOffset: number): void {
    const inside = (offset = 0): number => Math.max(offset, startOffset)
    const allowed = [this.#durable, ...this.#since.map(({ offset }) => offset)].map(inside)
    expectPromise(allowed.includes(inside(position)), () => {
      return `cursor "${name}" stands at ${position} after recovery, not at ${allowed.join(' or ')}`
    })
    this.#durable = position
    this.#since = []
  }
}
