import { systemError, type SystemCalls } from '@walrus/adapters-fs'
import { constants } from 'node:os'

/** Real system calls, the next of one kind of which can be made to fail. */
export class FailingCalls {
  #next: { readonly kind: keyof SystemCalls; readonly code: 'EIO' | 'ENOSPC' } | undefined

  failNext(kind: keyof SystemCalls, code: 'EIO' | 'ENOSPC'): void {
    this.#next = { kind, code }
  }

  table(inner: SystemCalls): SystemCalls {
    return {
      ...inner,
      truncate: (...call) => this.#unlessDue('truncate', () => inner.truncate(...call)),
      write: (...call) => this.#unlessDue('write', () => inner.write(...call)),
      syncData: (...call) => this.#unlessDue('syncData', () => inner.syncData(...call)),
      unlink: (...call) => this.#unlessDue('unlink', () => inner.unlink(...call)),
    }
  }

  async #unlessDue<T>(kind: keyof SystemCalls, call: () => Promise<T>): Promise<T> {
    const next = this.#next
    if (next?.kind !== kind) return call()
    this.#next = undefined
    throw systemError(constants.errno[next.code], kind)
  }
}
