import type { EntryMark } from './marked-entry.js'

/** Where an entry was seen. */
export interface SeenEntry extends EntryMark {
  readonly offset: number
}

/** A topic as the victim found it. */
export interface FoundLine {
  readonly topic: string
  readonly startOffset: number
  readonly endOffset: number
  readonly entries: readonly SeenEntry[]
  readonly cursors: Readonly<Record<string, number>>
  readonly position: number
  readonly nextOffset: number | null
}

/**
 * What the victim says, one line each, as it happens: it is written before the next thing is done, so whatever was said has
 * happened, and whatever has happened may not have been said.
 *
 * starting: the process runs. found: a topic, after the start. opened: all topics were found.
 * begins …: a call is about to be made. appended, committed, delivered, truncated, deleted: it has resolved.
 * rest: nothing is under way. closed: a clean stop. broken: a call has failed, or something was told as a problem.
 */
export type Report =
  | { readonly is: 'starting' | 'opened' | 'rest' | 'closed' }
  | ({ readonly is: 'found' } & FoundLine)
  | { readonly is: 'begins append'; readonly call: number; readonly topic: string; readonly sizes: readonly number[] }
  | { readonly is: 'begins commit'; readonly call: number; readonly topic: string; readonly offset: number }
  | { readonly is: 'begins read'; readonly call: number; readonly topic: string; readonly entriesMax: number }
  | { readonly is: 'begins truncate' | 'begins delete'; readonly call: number; readonly topic: string }
  | { readonly is: 'appended'; readonly call: number; readonly offset: number }
  | { readonly is: 'committed' | 'truncated' | 'deleted'; readonly call: number; readonly offset: number }
  | { readonly is: 'delivered'; readonly call: number; readonly entries: readonly SeenEntry[] }
  | { readonly is: 'broken'; readonly why: string }

/** Takes whole lines as they come; the last one of a process that died may be cut off, and counts for nothing. */
export class ReportLines {
  #rest = ''

  take(chunk: string): readonly Report[] {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.map((line) => JSON.parse(line) as Report)
  }
}

export function lineOf(report: Report): string {
  return `${JSON.stringify(report)}\n`
}
