import { closeSync, openSync, writeSync } from 'node:fs'
import { reasonOf, WalrusError, type EventTrace, type NodeId, type ProtocolEvent } from '@walrus/core'

/** An event as a line of a trace has it: which node it was, and how many events of this life of the node it is, from 1. */
export type TracedEvent = ProtocolEvent & { readonly node: NodeId; readonly number: number }

/** A trace in a file, one JSON event a line. */
export interface EventTraceFile extends EventTrace {
  /** Nothing is recorded any more. */
  close(): Promise<void>
}

/**
 * Appends to the file, which is created if absent. Each event is handed to the system before `record` returns: so a process that
 * is killed has told of everything that others may know from it. Throws `UNAVAILABLE` when the file cannot be opened. What
 * cannot be written later is missing from the trace, which shows in the numbers.
 */
export function openEventTraceFile(path: string, node: NodeId): EventTraceFile {
  const file = opened(path)
  let number = 0
  let isOpen = true
  return {
    record: (event) => {
      number += 1
      if (isOpen) append(file, JSON.stringify({ node, number, ...event }))
    },
    close: () => {
      if (isOpen) closeSync(file)
      isOpen = false
      return Promise.resolve()
    },
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'a')
  } catch (error) {
    throw new WalrusError('UNAVAILABLE', `Cannot open trace "${path}": ${reasonOf(error)}`, error)
  }
}

/** A trace is no reason for a node to fail. */
function append(file: number, line: string): void {
  try {
    writeSync(file, `${line}\n`)
  } catch {
    return
  }
}
