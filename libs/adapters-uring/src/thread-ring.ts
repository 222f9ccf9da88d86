import { loadAddon, systemError, systemReason, type BackendProbe } from '@walrus/adapters-fs'
import type { RingAddon } from './ring-addon.js'
import { Ring } from './ring.js'

/** Whether this system lets this thread have an io_uring, and why not. Cheap after the first call. */
export function probeUring(): BackendProbe {
  const ring = threadRing()
  return 'reason' in ring ? { available: false, reason: ring.reason } : { available: true }
}

/** Why there is no ring, in words. */
export interface NoRing {
  readonly reason: string
}

let known: Ring | NoRing | undefined

/** The one ring of this thread: made when it is first asked for, gone when the thread ends. */
export function threadRing(): Ring | NoRing {
  known ??= makeRing(loadAddon<RingAddon>(new URL('../build/walrus_uring.node', import.meta.url)))
  return known
}

/** @param addon the native part, or why there is none */
export function makeRing(addon: RingAddon | NoRing): Ring | NoRing {
  if ('reason' in addon) return addon
  const ring = Ring.open(addon)
  return ring instanceof Ring ? ring : { reason: refusal(ring.errno) }
}

function refusal(errno: number): string {
  const error = systemError(errno, 'io_uring_setup')
  return REFUSALS[error.code] ?? `the system makes no ring: ${systemReason(error)}`
}

const REFUSALS: Readonly<Record<string, string>> = {
  ENOSYS: 'the kernel has no io_uring, or one older than Linux 5.6 (ENOSYS)',
  EPERM: 'the system forbids it, by kernel.io_uring_disabled or a seccomp filter (EPERM)',
}
