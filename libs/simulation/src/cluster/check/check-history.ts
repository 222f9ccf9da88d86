import { checkDeliveries, checkTopic, type ReadEvent } from '@walrus/testing'
import type { TopicHistory } from '../clients/history.js'

/** What is wrong with one topic, now that all is well again and everything was read and taken; empty when nothing is. */
export function checkHistory(history: TopicHistory, log: readonly ReadEvent[]): readonly string[] {
  const undelivered = checkDeliveries(history.delivered, log, { complete: true })
  const missing = log.length - new Set(history.delivered).size
  return [
    ...checkTopic(history.puts, log),
    ...checkDeliveries(history.delivered, log, { complete: false }),
    ...(missing > history.lostDeliveriesMax ? undelivered : []),
    ...readFaults(history.reads, log),
  ].map((fault) => `${history.topic}: ${fault}`)
}

/** What was read once is there for ever. */
function readFaults(reads: readonly ReadEvent[], log: readonly ReadEvent[]): readonly string[] {
  return reads
    .filter(({ entry, offset }) => log[offset]?.entry !== entry)
    .map(({ entry, offset }) => `${offset}: "${entry}" was read there, and now it is "${log[offset]?.entry}"`)
}
