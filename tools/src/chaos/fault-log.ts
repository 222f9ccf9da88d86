import type { Fault } from './plan.js'

/** A fault as it was, with times that count from the beginning of the run. */
export interface FaultRecord {
  readonly fault: Fault
  /** What happened, with the ids that the nodes had then. */
  readonly about: string
  readonly beginMs: number
  /** When it was ended; undefined while it lasts. */
  endMs: number | undefined
}

/** What a fault does, in words, to the nodes that sit there now. */
export function describeFault(fault: Fault, ids: readonly number[]): string {
  const node = (seat: number) => `node ${ids[seat]}`
  const nodes = (seats: readonly number[]) =>
    `${seats.length > 1 ? 'nodes' : 'node'} ${seats.map((at) => ids[at]).join(', ')}`
  switch (fault.kind) {
    case 'kill':
      return `${node(fault.seat)} is killed, and started again`
    case 'pause':
      return `${node(fault.seat)} is stopped, and goes on`
    case 'partition':
      return `${nodes(fault.side)} cut off from the others`
    case 'one-way':
      return `${nodes(fault.silent)} not heard by the others, but hearing them`
    case 'bridge':
      return `${nodes(fault.side)} cut off from the others but ${node(fault.bridge)}`
    case 'slow-links':
      return `links of ${node(fault.seat)} are ${fault.delayMs} ms slower`
    case 'disk-full':
      return `the disk of ${node(fault.seat)} is full`
    case 'replace':
      return `${node(fault.seat)} is removed, and another one joins`
  }
}
