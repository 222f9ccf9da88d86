import type { StoredEntry } from '@walrus/core'
import { compareFound, type FoundDelivery, type FoundTopic } from '../model/compare-found.js'
import { expectPromise, Violation } from '../model/violation.js'
import { oneOf } from '../plan/random-choice.js'
import { checkLoss, lossIsTold } from './check-loss.js'
import type { Stage } from './stage.js'

/**
 * Compares all that an opened engine shows with what the world may rely on; the model then says what stands now. False when
 * something is lost that may be, of which the engine tells: then nothing is promised any more but what is durable.
 */
export async function checkRecovery(stage: Stage): Promise<boolean> {
  const { subject, world } = stage
  const { consistency } = world.plan.engine
  world.calls.holding = false
  if (lossIsTold(stage)) {
    await checkLoss(stage)
    return false
  }
  const listed = subject.topics()
  for (const name of listed)
    expectPromise(world.topics.has(name), () => `topic ${name} came back, it was removed or never made`)
  for (const [name, model] of [...world.topics]) {
    const found = await findTopic(stage, name)
    world.topics.set(name, compareFound(model, found, { isListed: listed.includes(name), consistency }))
    world.trace.add(() => `  ${name} has ${found.startOffset} to ${found.endOffset}`)
  }
  world.calls.holding = true
  world.calls.syncFailed = false
  return true
}

async function findTopic(stage: Stage, name: string): Promise<FoundTopic> {
  const { subject } = stage
  const bounds = subject.bounds(name)
  return {
    ...bounds,
    entries: await readAll(stage, name),
    cursors: (cursor) => subject.cursors?.position(name, cursor),
    delivery: await findDelivery(stage, name, bounds.endOffset),
  }
}

async function findDelivery({ subject }: Stage, name: string, endOffset: number): Promise<FoundDelivery | undefined> {
  const { delivery } = subject
  if (!delivery) return undefined
  const position = endOffset - delivery.unreadCount(name)
  const [next] = await delivery.next(name, { maxEntries: 1, maxBytes: 1 }, false)
  return { position, nextOffset: next?.offset }
}

async function readAll({ subject, world }: Stage, topic: string): Promise<readonly StoredEntry[]> {
  const all: StoredEntry[] = []
  const maxBytes = oneOf(world.random, [1, 2000, 1_000_000])
  for (;;) {
    const offset = all.at(-1)?.offset ?? subject.bounds(topic).startOffset - 1
    const more = await subject.read(topic, offset + 1, { maxEntries: 2000, maxBytes })
    if (more.length === 0) return all
    if (more[0]?.offset !== offset + 1)
      throw new Violation(`topic ${topic} shows offset ${more[0]?.offset} in the place of ${offset + 1}`)
    all.push(...more)
  }
}
