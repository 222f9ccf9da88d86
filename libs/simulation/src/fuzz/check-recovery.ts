import type { StoredEntry } from '@walrus/core'
import { TopicModel } from '../model/topic-model.js'
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
  world.calls.holding = false
  if (lossIsTold(stage)) {
    await checkLoss(stage)
    return false
  }
  const listed = subject.topics()
  for (const name of listed)
    expectPromise(world.topics.has(name), () => `topic ${name} came back, it was removed or never made`)
  for (const [name, model] of [...world.topics]) {
    const { startOffset, endOffset } = subject.bounds(name)
    const removed = model.shrinking && !listed.includes(name)
    const topic = removed ? new TopicModel(name, world.plan.engine.consistency) : model
    world.topics.set(name, topic)
    if (topic.shrinking) topic.trimmed(startOffset)
    topic.shrinking = false
    const entries = await readAll(stage, name)
    topic.recovered(entries)
    expectPromise(topic.startOffset === startOffset && topic.endOffset === endOffset, () => {
      return `topic ${name} says that it goes from ${startOffset} to ${endOffset}, it has ${entries.length} entries from ${topic.startOffset}`
    })
    await checkCursors(stage, topic)
    world.trace.add(() => `  ${name} has ${startOffset} to ${endOffset}`)
  }
  world.calls.holding = true
  world.calls.syncFailed = false
  return true
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

async function checkCursors({ subject, world }: Stage, topic: TopicModel): Promise<void> {
  const { delivery, cursors } = subject
  for (const [name, cursor] of topic.cursors)
    cursor.recovered(name, cursors?.position(topic.name, name), topic.startOffset)
  if (!delivery) return
  const position = topic.endOffset - delivery.unreadCount(topic.name)
  world.trace.add(() => `  the cursor of ${topic.name} is at ${position}`)
  topic.delivery.recovered(position, topic.startOffset)
  const [next] = await delivery.next(topic.name, { maxEntries: 1, maxBytes: 1 }, false)
  expectPromise((next?.offset ?? topic.endOffset) === position, () => {
    return `the cursor of ${topic.name} shows offset ${next?.offset}, it says that it stands at ${position}`
  })
}
