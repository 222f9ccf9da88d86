import type { TracedEvent } from '@walrus/adapters-fs'
import type { EventTrace, NodeId } from '@walrus/core'
import type { SimulatedProcess } from './simulated-process.js'

/** Hears each step of the protocol that some node takes, numbered for each life of it. */
export type OnEvent = (event: TracedEvent) => void

/** What one life of a node records; whatever still runs of a dead process is heard no more. */
export function lifeTrace(node: NodeId, process: SimulatedProcess, onEvent: OnEvent): EventTrace {
  let number = 0
  return {
    record: (event) => {
      if (!process.isAlive) return
      number += 1
      onEvent({ node, number, ...event })
    },
  }
}
