import { systemError, type SystemCalls } from '@walrus/adapters-fs'
import { constants } from 'node:os'

/** Real system calls, the next of one kind of which can be made to fail. */
export class FailingCalls {
  #next: { readonly kind: keyof SystemCalls; readonly code: 'EIO' | 'ENOSPC' } | undefined

  /** A `write` is also one that is done at once. */
  failNext(kind: keyof SystemCalls, code: 'EIO' | 'ENOSPC'): void {
    this.#next = { kind, code }
  }

  table(inner: SystemCalls): SystemCalls {
    return {
      ...inner,
      truncate: async (...call) => this.#unlessDue('truncate', () => inner.truncate(...call)),
      write: async (...call) => this.#unlessDue('write', () => inner.write(...call)),
      writeNow: (...call) => this.#unlessDue('write', () => inner.writeNow(...call)),
      syncData: async (...call) => this.#unlessDue('syncData', () => inner.syncData(...call)),
      unlink: async (...call) => this.#unlessDue('unlink', () => inner.unlink(...call)),
    }
  }

  #unlessDue<T>(kind: keyof SystemCalls, call: () => T): T {
    const next = this.#next
    if (next?.kind !== kind) return call()
    this.#next = undefined
    throw systemError(constants.errno[next.code], kind)
  }
}
