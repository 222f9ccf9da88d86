import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { reasonOf } from '@walrus/core'
import { hasCode } from './system-error.js'

/** Whether a backend that rests on native code can be used here, and why not. */
export type BackendProbe = { readonly available: true } | { readonly available: false; readonly reason: string }

/**
 * Loads native code that is built where there is a C compiler.
 * @returns the functions it exports, taken for those of `Addon`, or in words why it cannot be had
 */
export function loadAddon<Addon extends object>(file: URL): Addon | { readonly reason: string } {
  const path = fileURLToPath(file)
  try {
    return createRequire(import.meta.url)(path) as Addon
  } catch (thrown) {
    if (hasCode(thrown, 'MODULE_NOT_FOUND')) return { reason: 'its native part is not built: that takes a C compiler' }
    return { reason: `its native part cannot be loaded: ${reasonOf(thrown)}` }
  }
}
