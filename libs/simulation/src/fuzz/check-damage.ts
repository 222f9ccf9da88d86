import { WalrusError, type StoredEntry } from '@walrus/core'
import { SECTOR_BYTES } from '@walrus/testing'
import type { TopicModel } from '../model/topic-model.js'
import { expectPromise } from '../model/violation.js'
import { oneOf } from '../plan/random-choice.js'
import { checkSealed, sealAll } from './check-sealing.js'
import type { Machine } from './machine.js'
import type { Stage } from './stage.js'
import { finish } from './schedule.js'

/** One bit that has turned over on the medium. */
export interface BitFlip {
  readonly file: string
  readonly position: number
  readonly bit: number
}

/** What was done to the disk before it is opened again. */
export interface Damage {
  readonly flips: readonly BitFlip[]
  /** True when the engine had closed it: then it has left word of where everything ends. */
  readonly restsAsClosed: boolean
}

/** A file says who it is in so many bytes: without them nothing in it can be trusted. */
const IDENTITY_BYTES = 3 * SECTOR_BYTES

/**
 * Every read gives the right bytes or says that the data are corrupt; nothing is missing silently; topics that were not hit
 * go on. The end of a topic may be missing where nobody can know that it was more than a torn tail.
 */
export async function checkDamage(machine: Machine, damage: Damage): Promise<void> {
  const stage = await openDamaged(machine, damage.flips)
  if (!stage) return
  const hit = new Set<string>()
  const refusing: TopicModel[] = []
  for (const topic of machine.world.topics.values()) {
    if (await isHit(stage, topic, damage)) hit.add(topic.name)
    if (!(await refusesMore(stage, topic))) continue
    hit.add(topic.name)
    refusing.push(topic)
  }
  stage.world.trace.add(() => `  hit: ${[...hit].join(', ') || 'nothing'}`)
  expectPromise(hit.size <= damage.flips.length, () => {
    return `${damage.flips.length} bits turned over, and ${hit.size} topics are hit: ${[...hit].join(', ')}`
  })
  const sealed = await sealAll(stage, refusing)
  await finish(stage, stage.subject.close())
  if (sealed.length > 0) await checkSealed(await machine.openForSure(), sealed)
}

/** Undefined when a file cannot be trusted at all, and may not be. */
async function openDamaged(machine: Machine, flips: readonly BitFlip[]): Promise<Stage | undefined> {
  try {
    return await machine.openForSure()
  } catch (error) {
    const isAccused = error instanceof WalrusError && ['CORRUPT_DATA', 'UNSUPPORTED_FORMAT'].includes(error.code)
    if (isAccused && flips.some(({ position }) => position < IDENTITY_BYTES)) return undefined
    throw error
  }
}

/** Reads all of it; true when some of it is missing or corrupt. */
async function isHit(stage: Stage, topic: TopicModel, { restsAsClosed }: Damage): Promise<boolean> {
  let hit = false
  for (let offset = topic.startOffset; offset < topic.endOffset;) {
    const entries = await readOrComplain(stage, topic.name, offset)
    if (entries === 'corrupt') {
      hit = true
      offset += 1
    } else if (entries.length > 0) {
      const [first] = entries
      const skipped = (first?.offset ?? offset) - offset
      if (skipped > 0) expectTold(stage, topic, offset)
      hit ||= skipped > 0
      compare(topic, entries, offset + skipped)
      offset += skipped + entries.length
    } else {
      expectLoud(stage, topic, restsAsClosed ? topic.endOffset : topic.outlivedEnd, offset)
      return true
    }
  }
  const { endOffset } = stage.subject.bounds(topic.name)
  expectPromise(
    endOffset <= topic.endOffset,
    () => `topic ${topic.name} ends at ${endOffset}, its acked entries at ${topic.endOffset}`,
  )
  return hit
}

async function readOrComplain(
  stage: Stage,
  topic: string,
  offset: number,
): Promise<readonly StoredEntry[] | 'corrupt'> {
  const limits = {
    maxEntries: oneOf(stage.world.random, [1, 3, 2000]),
    maxBytes: oneOf(stage.world.random, [1, 1000, 1_000_000]),
  }
  try {
    return await finish(stage, stage.subject.read(topic, offset, limits))
  } catch (error) {
    if (error instanceof WalrusError && error.code === 'CORRUPT_DATA') return 'corrupt'
    throw error
  }
}

function compare(topic: TopicModel, entries: readonly StoredEntry[], from: number): void {
  entries.forEach((entry, at) => {
    expectPromise(entry.offset === from + at && topic.holds(entry), () => {
      return `topic ${topic.name} shows wrong bytes at offset ${entry.offset}, in the place of ${from + at}`
    })
  })
}

/** What is missing must be what nobody could know to be there, or somebody was told. */
function expectLoud(stage: Stage, topic: TopicModel, knownEnd: number, missingFrom: number): void {
  if (missingFrom < knownEnd) expectTold(stage, topic, missingFrom)
}

function expectTold({ problems }: Stage, topic: TopicModel, missingFrom: number): void {
  const told = problems.some((problem) => problem instanceof WalrusError && problem.code === 'CORRUPT_DATA')
  expectPromise(told, () => `topic ${topic.name} misses entries from ${missingFrom} on, and nobody was told`)
}

/** What takes entries shows them; what does not says that it is damaged. */
async function refusesMore(stage: Stage, topic: TopicModel): Promise<boolean> {
  const entry = stage.world.payloads.next()
  try {
    const offset = await finish(stage, stage.subject.append(topic.name, entry))
    const [read] = await finish(stage, stage.subject.read(topic.name, offset, { maxEntries: 1, maxBytes: 1 }))
    const matches = read?.offset === offset && Buffer.compare(read.data, entry) === 0
    expectPromise(matches, () => `topic ${topic.name} does not show what it took at offset ${offset}`)
    return false
  } catch (error) {
    if (error instanceof WalrusError && error.code === 'CORRUPT_DATA') return true
    throw error
  }
}
