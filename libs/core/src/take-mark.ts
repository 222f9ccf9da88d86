import type { NodeId } from './metadata/model.js'

/**
 * One question of a node for entries at a cursor. A node asks one question at a time in each of its slots, and the same one again
 * until it knows the answer; no two questions in a slot have the same number.
 */
export interface Take {
  readonly node: NodeId
  /** From 0, below `TAKE_SLOTS`. */
  readonly slot: number
  /** From 1. */
  readonly number: number
}

/** Topic offsets that were given out: `from` and what follows, without `to`. */
export interface TakenRange {
  readonly from: number
  readonly to: number
}

/** Cursors of a topic at which one node can take at the same time. Bounds what the topic's state remembers of each node. */
export const TAKE_SLOTS = 16

/**
 * What a topic's state remembers of an answer, as records beside its cursors: committed in one batch with the cursor that has
 * passed the entries, it is there exactly when the entries were given out. So whoever leads next can give the same answer.
 */
export function takeMark(take: Take, { from, to }: TakenRange): readonly (readonly [name: string, value: number])[] {
  const mark = markName(take)
  return [
    [`${mark}.number`, take.number],
    [`${mark}.from`, from],
    [`${mark}.to`, to],
  ]
}

/** The records after which the slot remembers no question. */
export function noTakeMark(take: Pick<Take, 'node' | 'slot'>): readonly (readonly [name: string, value: number])[] {
  return [[`${markName(take)}.number`, 0]]
}

/** What the question was answered with, if the state remembers it. */
export function takenRange(cursors: ReadonlyMap<string, number>, take: Take): TakenRange | undefined {
  const mark = markName(take)
  if (cursors.get(`${mark}.number`) !== take.number) return undefined
  const [from, to] = [cursors.get(`${mark}.from`), cursors.get(`${mark}.to`)]
  return from === undefined || to === undefined ? undefined : { from, to }
}

/** True for the name of a record that is no cursor of a user. */
export function isTakeMark(name: string): boolean {
  return name.startsWith(PREFIX)
}

function markName({ node, slot }: Pick<Take, 'node' | 'slot'>): string {
  return `${PREFIX}${node}-${slot}`
}

/** Cursors have the characters of topics, and no `#`. */
const PREFIX = '#take-'
