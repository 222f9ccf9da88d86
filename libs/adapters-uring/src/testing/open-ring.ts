import { Ring } from '../ring.js'
import { threadRing } from '../thread-ring.js'

/** The ring of this thread, or undefined where the system has none; it is said once why. */
export const openRing: Ring | undefined = ringOrNone()

function ringOrNone(): Ring | undefined {
  const ring = threadRing()
  if (ring instanceof Ring) return ring
  process.stderr.write(`No io_uring here, so its tests come down to its refusal: ${ring.reason}\n`)
  return undefined
}
