import type { Writable } from 'node:stream'

/** Where a command says what it has to say. */
export type Output = Writable & { readonly isTTY?: boolean }
