import { seededRandom } from '@walrus/testing'
import { BatchWriter } from './clients/batch-writer.js'
import type { LoadClient } from './clients/client-context.js'
import { Tailer } from './clients/tailer.js'
import { Taker } from './clients/taker.js'
import { TextWriter } from './clients/text-writer.js'
import type { Recorder } from './recorder.js'

export interface LoadOptions {
  readonly recorder: Recorder
  readonly seed: number
  /** Entries each second, of all writers together. */
  readonly rate: number
  /** Client ports, by seat; those of nodes that come later too. */
  readonly ports: () => readonly number[]
}

/** Clients on every node: two writers, one that takes, one that reads. Resolves with how to stop them and wait for them. */
export function startLoad(options: LoadOptions): () => Promise<void> {
  const stop = new AbortController()
  const running = options
    .ports()
    .flatMap((_, seat) => clientsOf(seat, options).map((client) => client.run(stop.signal)))
  return async () => {
    stop.abort()
    await Promise.all(running)
  }
}

function clientsOf(seat: number, { recorder, seed, rate, ports }: LoadOptions): LoadClient[] {
  const { histories } = recorder
  const topicOf = (shift: number) => histories[(seat + shift) % histories.length]?.topic ?? ''
  const port = () => ports()[seat] ?? 0
  const each = { recorder, port, rate: rate / ports().length / 2 }
  const random = seededRandom(seed + 1000 * (seat + 1))
  const portsFrom = () => [...ports().slice(seat), ...ports().slice(0, seat)]
  return [
    new TextWriter({ ...each, name: `text${seat}`, topic: topicOf(0) }),
    new BatchWriter({ ...each, name: `batch${seat}`, topic: topicOf(1), random, ports: portsFrom }),
    new Taker({ ...each, name: `taker${seat}`, topic: topicOf(2) }),
    new Tailer({ ...each, name: `tailer${seat}`, topic: topicOf(0) }),
  ]
}
