import { WalrusError } from '@walrus/core'
import { expectPromise } from '../model/violation.js'
import type { TopicModel } from '../model/topic-model.js'
import type { Stage } from './stage.js'

/**
 * True when the engine says that something is damaged, in a world in which that may be: a sync has failed while appends did
 * not wait for one, and the power went; or a sector that went astray made a slot unreadable, so that a torn tail looks like damage.
 */
export function lossIsTold(stage: Stage): boolean {
  const { problems, world } = stage
  const lostUnsynced = world.calls.syncFailed && world.plan.engine.fsync.kind !== 'each'
  const slotStruck = problems.some((problem) => stage.isStray(problem))
  return (lostUnsynced || slotStruck) && problems.some((problem) => isDamage(problem) && !stage.isStray(problem))
}

/** What is durable is there all the same, in its place. */
export async function checkLoss({ subject, world }: Stage): Promise<void> {
  world.trace.add(() => 'something is lost, and told')
  const read = (topic: string, offset: number) => subject.read(topic, offset, { maxEntries: 1, maxBytes: 1 })
  for (const topic of world.topics.values()) if (!topic.shrinking) await checkDurable(topic, read)
}

async function checkDurable(
  topic: TopicModel,
  read: (topic: string, offset: number) => ReturnType<Stage['subject']['read']>,
): Promise<void> {
  for (let offset = topic.startOffset; offset < topic.durableEnd; offset += 1) {
    const [entry] = await read(topic.name, offset)
    expectPromise(entry?.offset === offset && topic.holds(entry), () => {
      return `topic ${topic.name} lost offset ${offset} with what it may lose, its durable entries end at ${topic.durableEnd}`
    })
  }
}

function isDamage(problem: Error): boolean {
  return problem instanceof WalrusError && problem.code === 'CORRUPT_DATA'
}
