import { equalBytes, type AppendCall } from './append-call.js'

/** What stands in a topic behind all that had to be there. */
export interface FoundTail {
  readonly firstOffset: number
  readonly entries: readonly Uint8Array[]
}

/**
 * Whether the calls explain a tail that a crash has left: each entry belongs to one of them, each call is there once and
 * whole or not at all, they stand in the order of the calls, acked ones at their offset; and nothing stands behind a call
 * that is missing, unless that one had failed.
 * @param calls ascending, without those that had to be there
 */
export function explainTail(tail: FoundTail, calls: readonly AppendCall[]): boolean {
  return explainFrom(tail, calls, 0, 0)
}

function explainFrom(tail: FoundTail, calls: readonly AppendCall[], found: number, from: number): boolean {
  if (found === tail.entries.length) return true
  for (let at = from; at < calls.length; at += 1) {
    const call = calls[at]
    if (!call) return false
    if (standsAt(tail, call, found) && explainFrom(tail, calls, found + call.entries.length, at + 1)) return true
    if (call.state !== 'failed') return false
  }
  return false
}

function standsAt({ firstOffset, entries }: FoundTail, call: AppendCall, found: number): boolean {
  if (call.state === 'acked' && call.firstOffset !== firstOffset + found) return false
  return call.entries.every((entry, at) => {
    const other = entries[found + at]
    return other !== undefined && equalBytes(entry, other)
  })
}
