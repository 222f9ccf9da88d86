import type { FrameFault } from '@walrus/protocol'

/** What happens at the client port that an operator may want to know; never what clients say. `remote` is host:port. */
export type ClientListenerEvent =
  | { readonly kind: 'connection-opened'; readonly remote: string }
  | { readonly kind: 'connection-closed'; readonly remote: string }
  /** The connection broke: the client is gone, or the network. */
  | { readonly kind: 'connection-failed'; readonly remote: string; readonly error: Error }
  /** There were as many connections as are allowed. */
  | { readonly kind: 'connection-refused'; readonly remote: string }
  /** The client sent a frame that cannot be, and is answered and cut off. */
  | { readonly kind: 'frame-refused'; readonly remote: string; readonly fault: FrameFault }
  /** All clients together held too much memory, and this one held much of it. */
  | { readonly kind: 'connection-cut'; readonly remote: string; readonly heldBytes: number }
  /** A connection could not be taken, most often for want of file descriptors; the listener goes on. */
  | { readonly kind: 'accept-failed'; readonly error: Error }
