import type { EncodedBatch, LogStorage, SegmentLog } from '@walrus/core'
import { expect } from 'chai'
import { allBatches, bytes, contentOf, FIRST, type LogContent, type LogFixture, type LogPlace } from './fixture.js'

/*
 * A scripted life of a copy is stopped at every point that the place has. After that the copy is as before or after the step
 * that was under way, or somewhere in a row of appends, and never anything else, also when recovery is stopped; and what has
 * been seen once stays so through another crash.
 */

const RECOVERY_POINTS = 11

const STEPS: readonly Step[] = [
  { feedTo: 3 },
  { fence: 2 },
  { feedTo: 9 },
  { truncateTo: 5 },
  { feedTo: 7 },
  { truncateTo: 0 },
  { fence: 5 },
  { feedTo: 12 },
  { truncateTo: 11 },
  { truncateTo: 2 },
  { feedTo: 6 },
]

type Step = { readonly feedTo: number } | { readonly truncateTo: number } | { readonly fence: number }

export function crashTests(fixture: LogFixture): void {
  it('leave each step of a copy undone or done, wherever the world stops, and for good', async () => {
    const original = await Original.make(fixture.create({ topic: 'original' }))
    const whole = await fixture.makePlace()
    await new Life(original).live(await whole.open())
    expect(whole.pointCount).to.be.greaterThan(15)
    for (let crash = 0; crash < whole.pointCount * fixture.crashesPerPoint; crash++)
      await crashAt(1 + (crash % whole.pointCount), crash, original, fixture)
    await whole.remove()
  }).timeout(120_000)
}

async function crashAt(point: number, seed: number, original: Original, fixture: LogFixture): Promise<void> {
  const place = await fixture.makePlace(point, seed)
  const life = new Life(original)
  try {
    await Promise.race([place.open().then((storage) => life.live(storage)), place.stopped])
    await place.crash(1 + (seed % RECOVERY_POINTS))
    await Promise.race([place.open(), place.stopped])
    await checkSurvivor(place, life, original)
  } catch (error) {
    throw new Error(`stopped at point ${point}, seed ${seed}: ${String(error)}`, { cause: error })
  } finally {
    await place.remove()
  }
}

async function checkSurvivor(place: LogPlace, life: Life, original: Original): Promise<void> {
  await place.crash()
  const first = await original.compare(await place.open())
  expect(life.possible, 'before or after the step').to.deep.include(first)
  await place.crash()
  const storage = await place.open()
  expect(await original.compare(storage), 'after a second crash').to.deep.equal(first)
  const log = storage.segment(FIRST) ?? storage.create(FIRST)
  await original.feed(log, first.batchCount, original.batches.length)
  await place.crash()
  const last = await place.open()
  expect(await original.compare(last)).to.deep.equal({ ...first, batchCount: original.batches.length })
  await last.close()
}

/** How far a copy has come. */
interface Stand {
  readonly batchCount: number
  readonly fencedEpoch: number
}

/** What a copy is made of, and what it holds after each batch. */
class Original {
  readonly batches: readonly EncodedBatch[]
  readonly #contents: readonly LogContent[]

  private constructor(batches: readonly EncodedBatch[], contents: readonly LogContent[]) {
    this.batches = batches
    this.#contents = contents
  }

  static async make(log: SegmentLog): Promise<Original> {
    const contents = [await contentOf(log)]
    for (let at = 0; at < 12; at++) {
      const entries = [bytes('x'.repeat(300 * at)), bytes(`${at}`)]
      if (at % 3 === 2) await log.commitCursor('shared', at).done()
      else await log.appendBatch(entries, { id: 1 + (at % 2), sequence: 2 * at }).done()
      contents.push(await contentOf(log))
    }
    return new Original(await allBatches(log), contents)
  }

  /** Takes the row of batches in one commit. */
  async feed(log: SegmentLog, from: number, to: number): Promise<void> {
    for (const { bytes: batch } of this.batches.slice(from, to)) log.appendEncoded(batch)
    await log.drain()
  }

  positionAt(batchCount: number): number {
    return this.#contents[batchCount]?.position ?? 0
  }

  /** How far the copy has come, which holds exactly what the original held then. */
  async compare(storage: LogStorage): Promise<Stand> {
    const copy = storage.segment(FIRST)
    if (copy === undefined) return { batchCount: 0, fencedEpoch: FIRST.epoch }
    const content = await contentOf(copy)
    const batchCount = content.batches.length
    expect(content).to.deep.equal(this.#contents[batchCount])
    return { batchCount, fencedEpoch: copy.fencedEpoch }
  }
}

/** The copy, step by step, and what it may be if the world stops now. */
class Life {
  readonly #original: Original
  #stand: Stand = { batchCount: 0, fencedEpoch: FIRST.epoch }
  possible: readonly Stand[] = [this.#stand]

  constructor(original: Original) {
    this.#original = original
  }

  async live(storage: LogStorage): Promise<void> {
    const log = storage.create(FIRST)
    for (const step of STEPS) {
      const after = this.#after(step)
      this.possible = [this.#stand, ...after]
      await this.#do(log, step)
      this.#stand = after.at(-1) ?? this.#stand
      this.possible = [this.#stand]
    }
  }

  #after(step: Step): readonly Stand[] {
    const { batchCount } = this.#stand
    if ('fence' in step) return [{ batchCount, fencedEpoch: step.fence }]
    if ('truncateTo' in step) return [{ ...this.#stand, batchCount: step.truncateTo }]
    const counts = Array.from({ length: step.feedTo - batchCount }, (_, at) => batchCount + at + 1)
    return counts.map((count) => ({ ...this.#stand, batchCount: count }))
  }

  #do(log: SegmentLog, step: Step): Promise<void> {
    if ('fence' in step) return log.fence(step.fence)
    if ('truncateTo' in step) return log.truncateTail(this.#original.positionAt(step.truncateTo))
    return this.#original.feed(log, this.#stand.batchCount, step.feedTo)
  }
}
