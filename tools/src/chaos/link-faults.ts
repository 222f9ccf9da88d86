import type { LinkFault } from '../cluster-test/node-links.js'
import type { Fault } from './plan.js'

/**
 * What a fault does to the links between nodes; none for a fault of another kind.
 * @param ids of the node on each seat
 */
export function linkFaults(fault: Fault, ids: readonly number[]): readonly LinkFault[] {
  const at = (seats: readonly number[]) => seats.flatMap((seat) => ids[seat] ?? [])
  const but = (excluded: readonly number[]) => ids.filter((id) => !excluded.includes(id))
  switch (fault.kind) {
    case 'partition':
      return between(at(fault.side), but(at(fault.side)), cut)
    case 'bridge':
      return between(at(fault.side), but(at([...fault.side, fault.bridge])), cut)
    case 'one-way':
      return between(at(fault.silent), but(at(fault.silent)), (from, to) => ({ kind: 'silent', from, to }))
    case 'slow-links':
      return between(at([fault.seat]), but(at([fault.seat])), (one, other) => {
        return { kind: 'slow', between: [one, other], delayMs: fault.delayMs }
      })
    case 'kill':
    case 'pause':
    case 'disk-full':
    case 'replace':
      return []
  }
}

function between(
  side: readonly number[],
  others: readonly number[],
  fault: (one: number, other: number) => LinkFault,
): LinkFault[] {
  return side.flatMap((one) => others.map((other) => fault(one, other)))
}

function cut(one: number, other: number): LinkFault {
  return { kind: 'cut', between: [one, other] }
}
