import { ObservedLog, type PutEvent, type TakeEvent } from '@walrus/testing'
import { Timeline } from './timeline.js'

/** What clients saw of one topic. */
export interface TopicHistory {
  readonly topic: string
  readonly puts: PutEvent[]
  readonly takes: TakeEvent[]
  readonly observed: ObservedLog
  /** When entries were acknowledged, ascending. */
  readonly acksMs: number[]
}

/** Everything that the clients of a run saw, with times that count from its beginning. */
export class Recorder {
  readonly histories: readonly TopicHistory[]
  readonly timeline = new Timeline()
  readonly #startMs = performance.now()

  constructor(topics: readonly string[]) {
    this.histories = topics.map((topic) => {
      return { topic, puts: [], takes: [], observed: new ObservedLog(topic), acksMs: [] }
    })
  }

  /** Milliseconds since the run began. */
  now(): number {
    return performance.now() - this.#startMs
  }

  history(topic: string): TopicHistory {
    const history = this.histories.find((one) => one.topic === topic)
    if (history === undefined) throw new Error(`There is no topic "${topic}" in this run`)
    return history
  }

  /** Entries of one request, with what became of them. */
  put(topic: string, puts: readonly PutEvent[]): void {
    const history = this.history(topic)
    history.puts.push(...puts)
    const [first] = puts
    if (first?.askedMs === undefined || first.answeredMs === undefined) return
    if (first.outcome !== 'acked') return
    history.acksMs.push(first.answeredMs)
    this.timeline.acked(first.answeredMs, first.answeredMs - first.askedMs, puts.length)
  }

  take(topic: string, take: TakeEvent): void {
    this.history(topic).takes.push(take)
    if (take.outcome === 'delivered') this.timeline.delivered(take.answeredMs)
  }

  /** A call that failed, by the code of its error. */
  failed(code: string): void {
    this.timeline.failed(this.now(), code)
  }
}
