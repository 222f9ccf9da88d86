import type { Clock } from '@walrus/core'
import type { ChangeSignal } from '../change-signal.js'
import type { OpenSegment } from '../open-segment.js'

export interface Readable {
  readonly clock: Clock
  /** Of the entry that somebody waits for. */
  readonly offset: number
  /** The open segment, if this node leads it. */
  readonly segment: OpenSegment | undefined
  readonly routeChanged: ChangeSignal
}

/** Entries that another node leads are looked for so often. */
const LOOK_AGAIN_MS = 50

/**
 * Calls back once, later, when it may be worth to look again: at the commit that has the entry where this node leads, when
 * another segment or node goes on, and now and then where others lead. Returns the way to stop.
 */
export function whenReadable({ clock, offset, segment, routeChanged }: Readable, listener: () => void): () => void {
  const stops: (() => void)[] = []
  const stop = (): void => {
    for (const one of stops.splice(0)) one()
  }
  const call = (): void => {
    if (stops.length === 0) return
    stop()
    listener()
  }
  stops.push(routeChanged.once(call))
  if (segment === undefined) stops.push(cancelOf(clock.after(LOOK_AGAIN_MS, call)))
  else if (isThere(segment, offset)) stops.push(cancelOf(clock.after(0, call)))
  else stops.push(segment.onCommit(() => isThere(segment, offset) && call()))
  return stop
}

function isThere(segment: OpenSegment, offset: number): boolean {
  return segment.baseOffset + segment.committedCount > offset
}

function cancelOf(timer: { cancel(): void }): () => void {
  return () => timer.cancel()
}
