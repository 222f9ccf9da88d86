import { type Entry } from '../core/types.js'
import { type LogWrite } from '../ports/log-store.js'

/**
 * The one write that has the effect of all of `writes` (at least one), in their order. What a later one replaces is left out:
 * no crash can come between them any more.
 */
export function mergeWrites(writes: readonly LogWrite[]): LogWrite {
  const [only] = writes
  if (writes.length === 1 && only !== undefined) return only
  let snapshot: LogWrite['snapshot'] = null
  let hardState: LogWrite['hardState'] = null
  let mustSync = false
  let entries: Entry[] = []
  for (const write of writes) {
    if (write.snapshot !== null) {
      snapshot = write.snapshot
      entries = []
    }
    replaceTail(entries, write.entries)
    hardState = write.hardState ?? hardState
    mustSync ||= write.mustSync
  }
  return { snapshot, entries, hardState, mustSync }
}

/** `added` may begin before `entries` do: then it replaces all of them. */
function replaceTail(entries: Entry[], added: readonly Entry[]): void {
  const [first] = entries
  const [next] = added
  if (first !== undefined && next !== undefined) {
    entries.length = Math.min(entries.length, Math.max(0, next.index - first.index))
  }
  for (const entry of added) entries.push(entry)
}
