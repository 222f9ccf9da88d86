import type { Step, World } from '../actions/step.js'
import { GOALS } from '../invariants/goals.js'
import { majorityUp } from '../actions/metadata.js'
import type { State } from '../model/state.js'
import { itemAt } from '../model/update.js'

/** The states seen, by their keys, in the order in which they were found; how each was reached, and where each leads. */
export class StateGraph {
  readonly #indexes = new Map<string, number>()
  readonly #keys: string[] = []
  readonly #parents: number[] = []
  /** Pairs of source and target; a restart's target is stored as −1 − target. Faults are not stored: progress needs none. */
  readonly #sources: number[] = []
  readonly #targets: number[] = []
  /** One bit for each goal that holds, in the order of `GOALS`; and one above them while a majority is up. */
  readonly #marks: number[] = []
  #edges = 0

  get size(): number {
    return this.#keys.length
  }

  get edges(): number {
    return this.#edges
  }

  /** The index of the state with that key; a new one, found from `parent`, if it was not seen before. */
  add(key: string, parent: number): number {
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const index = this.#keys.length
    this.#indexes.set(key, index)
    this.#keys.push(key)
    this.#parents.push(parent)
    return index
  }

  connect(source: number, target: number, kind: Step['kind']): void {
    this.#edges += 1
    if (kind === 'fault' || source === target) return
    this.#sources.push(source)
    this.#targets.push(kind === 'restart' ? -1 - target : target)
  }

  mark(index: number, state: State, world: World): void {
    let marks = majorityUp(state) ? 1 << Object.keys(GOALS).length : 0
    for (const [bit, holds] of Object.values(GOALS).entries()) if (holds(world, state)) marks |= 1 << bit
    this.#marks[index] = marks
  }

  /** Keys on the way from the second state to that one. */
  keysTo(index: number): readonly string[] {
    const keys: string[] = []
    for (let at = index; at > 0; at = itemAt(this.#parents, at)) keys.push(itemAt(this.#keys, at))
    return keys.reverse()
  }

  /**
   * The first state from which `goal` cannot be reached by what a fair world does: without faults, and without a restart
   * where `restarts` is false. States without a majority count only when restarts do.
   */
  stuckBefore(goal: number, restarts: boolean): number | undefined {
    const reaches = this.#reaching(goal, restarts)
    const majority = 1 << Object.keys(GOALS).length
    for (const [index, marks] of this.#marks.entries()) {
      if (reaches[index] === 0 && (restarts || (marks & majority) !== 0)) return index
    }
    return undefined
  }

  #reaching(goal: number, restarts: boolean): Uint8Array {
    const { starts, sources } = this.#backwards(restarts)
    const reaches = new Uint8Array(this.size)
    const queue = new Int32Array(this.size)
    let tail = 0
    for (const [index, marks] of this.#marks.entries()) {
      if ((marks & (1 << goal)) === 0) continue
      reaches[index] = 1
      queue[tail++] = index
    }
    for (let head = 0; head < tail; head += 1) {
      const target = queue[head] ?? 0
      for (let at = starts[target] ?? 0; at < (starts[target + 1] ?? 0); at += 1) {
        const source = sources[at] ?? 0
        if (reaches[source] === 1) continue
        reaches[source] = 1
        queue[tail++] = source
      }
    }
    return reaches
  }

  /** For each state, those that lead to it: its part of `sources` begins at `starts[index]`. */
  #backwards(restarts: boolean): { readonly starts: Int32Array; readonly sources: Int32Array } {
    const starts = new Int32Array(this.size + 1)
    const wanted = (target: number): number => (target >= 0 ? target : restarts ? -1 - target : -1)
    for (const target of this.#targets) if (wanted(target) >= 0) increment(starts, wanted(target) + 1)
    for (let index = 0; index < this.size; index += 1)
      starts[index + 1] = (starts[index + 1] ?? 0) + (starts[index] ?? 0)
    const places = starts.slice()
    const sources = new Int32Array(starts[this.size] ?? 0)
    for (const [at, target] of this.#targets.entries()) {
      const to = wanted(target)
      if (to >= 0) sources[increment(places, to)] = itemAt(this.#sources, at)
    }
    return { starts, sources }
  }
}

/** Adds one there; returns what was there before. */
function increment(numbers: Int32Array, index: number): number {
  const before = numbers[index] ?? 0
  numbers[index] = before + 1
  return before
}
