import { WalrusError } from '@walrus/core'
import type { TopicModel } from '../model/topic-model.js'
import { expectPromise } from '../model/violation.js'
import { finish } from './schedule.js'
import type { Stage } from './stage.js'

/** A topic that goes on behind its damage, and the entry that it took then. */
export interface SealedTopic {
  readonly topic: TopicModel
  readonly offset: number
  readonly entry: Uint8Array
}

/** Gives up the damage at the end of each topic: then each takes an entry again. */
export async function sealAll(stage: Stage, refusing: readonly TopicModel[]): Promise<readonly SealedTopic[]> {
  const sealed: SealedTopic[] = []
  for (const topic of refusing) {
    const nextOffset = await finish(stage, stage.subject.sealAtDamage?.(topic.name) ?? Promise.resolve(undefined))
    if (nextOffset === undefined) continue
    stage.world.trace.add(() => `  ${topic.name} is sealed at its damage, and goes on at ${nextOffset}`)
    const entry = stage.world.payloads.next()
    const offset = await finish(stage, stage.subject.append(topic.name, entry))
    expectPromise(offset === nextOffset, () => `topic ${topic.name} goes on at ${offset}, it said ${nextOffset}`)
    sealed.push({ topic, offset, entry })
  }
  await checkSealed(stage, sealed)
  return sealed
}

/** What was appended is there, alone behind the damage, and nothing wrong is shown before it. */
export async function checkSealed(stage: Stage, sealed: readonly SealedTopic[]): Promise<void> {
  for (const { topic, offset, entry } of sealed) {
    for (let at = topic.startOffset; at < offset; at += 1) await checkBefore(stage, topic, at)
    const [found, ...more] = await read(stage, topic.name, offset)
    const matches = more.length === 0 && found?.offset === offset && Buffer.compare(found.data, entry) === 0
    expectPromise(matches, () => `topic ${topic.name} does not show what it took behind its damage, at ${offset}`)
    const { endOffset } = stage.subject.bounds(topic.name)
    expectPromise(endOffset === offset + 1, () => `topic ${topic.name} ends at ${endOffset}, not at ${offset + 1}`)
  }
}

async function checkBefore(stage: Stage, topic: TopicModel, offset: number): Promise<void> {
  try {
    const [found] = await read(stage, topic.name, offset)
    const matches = found !== undefined && (found.offset > offset || topic.holds(found))
    expectPromise(matches, () => `topic ${topic.name} shows wrong bytes before its damage, at ${offset}`)
  } catch (error) {
    if (!(error instanceof WalrusError) || error.code !== 'CORRUPT_DATA') throw error
  }
}

function read(stage: Stage, topic: string, offset: number): ReturnType<Stage['subject']['read']> {
  return finish(stage, stage.subject.read(topic, offset, { maxEntries: 1, maxBytes: 1 }))
}
