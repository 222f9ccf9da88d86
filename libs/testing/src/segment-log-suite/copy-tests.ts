import type { EncodedBatch, SegmentLog } from '@walrus/core'
import { BATCH_HEADER_BYTES, crc32, encodeControlPayload, writeBatchHeader, type ControlRecord } from '@walrus/protocol'
import { expect } from 'chai'
import fc from 'fast-check'
import { allBatches, bytes, codeOf, contentOf, endOf, FIRST, LogFixture, texts } from './fixture.js'

export function copyTests(fixture: LogFixture): void {
  it('take batches as they are, and know what is in them', async () => {
    const original = fixture.create()
    await original.appendBatch([bytes('a'), bytes('b')], { id: 2, sequence: 5 }).done()
    await original.commitCursor('shared', 1).done()
    const copy = fixture.create({ topic: 'copy', epoch: 3 })
    const tickets = (await allBatches(original)).map((batch) => copy.appendEncoded(batch.bytes))
    expect(tickets.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).to.deep.equal([
      [0, 1],
      [2, 1],
    ])
    expect(copy.appendedCount).to.equal(2)
    await copy.drain()
    expect(tickets.map(({ endPosition }) => endPosition)).to.deep.equal([2, 3])
    expect(await contentOf(copy)).to.deep.equal(await contentOf(original))
    await fixture.crash()
    expect(await contentOf(fixture.log({ topic: 'copy' }))).to.deep.equal(await contentOf(fixture.log()))
  })

  it('copy the bytes before the call returns', async () => {
    const batch = await someBatch(fixture)
    const copy = fixture.create({ topic: 'copy' })
    const bytesOf = new Uint8Array(batch.bytes)
    const ticket = copy.appendEncoded(bytesOf)
    bytesOf.fill(0)
    await ticket.done()
    expect(await texts(copy)).to.deep.equal(['some', 'entries'])
  })

  it('tell of the batches they take, as originals do', async () => {
    const batch = await someBatch(fixture)
    const copy = fixture.create({ topic: 'copy' })
    const told: Uint8Array[] = []
    copy.onBatch((one) => told.push(new Uint8Array(one.bytes)))
    await copy.appendEncoded(batch.bytes).done()
    expect(told).to.deep.equal([new Uint8Array(batch.bytes)])
  })

  it('take only the batch that is next', async () => {
    const batch = await someBatch(fixture)
    const copy = fixture.create({ topic: 'copy' })
    copy.appendEncoded(batch.bytes)
    expect(await codeOf(() => copy.appendEncoded(batch.bytes))).to.equal('INVALID_ARGUMENT')
    expect(copy.appendedCount).to.equal(2)
    const late = fixture.create({ topic: 'late' })
    const [, second] = await allBatches(fixture.log())
    expect(await codeOf(() => late.appendEncoded(second?.bytes ?? bytes('')))).to.equal('INVALID_ARGUMENT')
  })
  refusalTests(fixture)
}

function refusalTests(fixture: LogFixture): void {
  it('take nothing of which a bit is wrong', async () => {
    const batch = await someBatch(fixture)
    const copy = fixture.create({ topic: 'copy' })
    for (let at = 0; at < batch.bytes.length; at++) {
      const damaged = new Uint8Array(batch.bytes)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
      expect(await codeOf(() => copy.appendEncoded(damaged)), `byte ${at}`).to.equal('CORRUPT_DATA')
    }
    expect(await codeOf(() => copy.appendEncoded(batch.bytes.subarray(1)))).to.equal('CORRUPT_DATA')
    expect(await codeOf(() => copy.appendEncoded(batch.bytes.subarray(0, -1)))).to.equal('CORRUPT_DATA')
    expect([copy.appendedCount, copy.position]).to.deep.equal([0, 0])
  })

  it('take no control batch that only an engine writes for itself', async () => {
    const copy = fixture.create({ topic: 'copy' })
    const cursor: ControlRecord = { kind: 'cursor', name: 'shared', offset: 1 }
    for (const records of [[{ kind: 'snapshot' } as const, cursor], [{ kind: 'producer', id: 1, lastSequence: 2 }]])
      expect(await codeOf(() => copy.appendEncoded(controlBatch(records as ControlRecord[])))).to.equal('CORRUPT_DATA')
    await copy.appendEncoded(controlBatch([cursor])).done()
    expect(copy.topicState.cursors.get('shared')).to.equal(1)
  })

  it('that is sealed takes nothing', async () => {
    const batch = await someBatch(fixture)
    const copy = fixture.create({ topic: 'copy' })
    await copy.seal()
    expect(await codeOf(() => copy.appendEncoded(batch.bytes))).to.equal('SEGMENT_SEALED')
  })

  it('are as the original, however they were fed, and after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (script) => {
        const own = new LogFixture({ name: 'property', place: fixture.makePlace })
        await own.begin()
        try {
          await new Replica(own).play(script)
        } finally {
          await own.end()
        }
      }),
      { numRuns: 40 },
    )
  })
}

type Step =
  | { readonly kind: 'append'; readonly sizes: readonly number[]; readonly producer?: number | undefined }
  | { readonly kind: 'cursor'; readonly name: string; readonly offset: number }
  | { readonly kind: 'commit' | 'restart' }
  | { readonly kind: 'feed'; readonly live: boolean; readonly maxBytes: number }
  | { readonly kind: 'truncate'; readonly part: number }

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: appendStep() },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('cursor' as const),
      name: fc.constantFrom('shared', 'other'),
      offset: fc.nat(99),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('feed' as const), live: fc.boolean(), maxBytes: fc.nat(6000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), part: fc.double({ max: 1, min: 0 }) }) },
)

function appendStep(): fc.Arbitrary<Step> {
  const sizes = fc.array(fc.oneof(fc.nat(40), fc.nat(1500)), { minLength: 1, maxLength: 4 })
  return fc.record({
    kind: fc.constant('append' as const),
    sizes,
    producer: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  })
}

/** A log, and a copy of it that is fed by what the log tells, or by what can be read of it. */
class Replica {
  readonly #fixture: LogFixture
  #told: EncodedBatch[] = []
  #sequence = 0

  constructor(fixture: LogFixture) {
    this.#fixture = fixture
    fixture.create()
    fixture.create({ topic: 'copy' })
    this.#listen()
  }

  async play(script: readonly Step[]): Promise<void> {
    for (const step of script) await this.#do(step)
    await this.#original.drain()
    await this.#feedFromDisk(1000)
    await this.#compare()
    await this.#fixture.restart()
    await this.#compare()
  }

  get #original(): SegmentLog {
    return this.#fixture.storage.segment(FIRST) ?? this.#fixture.create()
  }

  get #copy(): SegmentLog {
    return this.#fixture.storage.segment({ ...FIRST, topic: 'copy' }) ?? this.#fixture.create({ topic: 'copy' })
  }

  #do(step: Step): unknown {
    switch (step.kind) {
      case 'append':
        return this.#append(step.sizes, step.producer)
      case 'cursor':
        return this.#original.commitCursor(step.name, step.offset)
      case 'commit':
        return this.#original.drain()
      case 'restart':
        return this.#restart()
      case 'feed':
        return step.live ? this.#feedWhatWasTold() : this.#feedFromDisk(step.maxBytes)
      case 'truncate':
        return this.#truncateCopy(step.part)
    }
  }

  #append(sizes: readonly number[], producer: number | undefined): void {
    const entries = sizes.map((size) => new Uint8Array(size).fill(this.#sequence))
    if (producer === undefined) this.#original.appendBatch(entries)
    else this.#original.appendBatch(entries, { id: producer, sequence: this.#sequence })
    this.#sequence += entries.length
  }

  async #restart(): Promise<void> {
    await this.#fixture.restart()
    this.#listen()
  }

  #listen(): void {
    this.#original.onBatch((batch) => this.#told.push({ ...batch, bytes: new Uint8Array(batch.bytes) }))
  }

  async #feedWhatWasTold(): Promise<void> {
    let next = this.#copy.position
    for (const batch of this.#told.splice(0)) {
      if (batch.position !== next) continue
      this.#copy.appendEncoded(batch.bytes)
      next = endOf(batch)
    }
    await this.#copy.drain()
    expect(this.#copy.position).to.equal(next)
  }

  async #feedFromDisk(maxBytes: number): Promise<void> {
    const { position } = this.#original
    while (this.#copy.position < position) {
      const batches = await this.#original.readBatches(this.#copy.position, maxBytes)
      for (const batch of batches) this.#copy.appendEncoded(batch.bytes)
      await this.#copy.drain()
    }
  }

  async #truncateCopy(part: number): Promise<void> {
    const ends = [0, ...(await allBatches(this.#copy)).map(endOf)]
    const position = ends[Math.floor(part * (ends.length - 1))] ?? 0
    await this.#copy.truncateTail(position)
    expect(this.#copy.position).to.equal(position)
  }

  async #compare(): Promise<void> {
    expect(await contentOf(this.#copy)).to.deep.equal(await contentOf(this.#original))
  }
}

async function someBatch(fixture: LogFixture): Promise<EncodedBatch> {
  const log = fixture.create()
  await log.appendBatch([bytes('some'), bytes('entries')], { id: 1, sequence: 1 }).done()
  await log.append(bytes('more')).done()
  const [batch] = await allBatches(log)
  if (batch === undefined) throw new Error('there is a batch')
  return batch
}

function controlBatch(records: readonly ControlRecord[]): Uint8Array {
  const payload = encodeControlPayload(records)
  const batch = new Uint8Array(BATCH_HEADER_BYTES + payload.length)
  batch.set(payload, BATCH_HEADER_BYTES)
  const numbers = { entryCount: 0, firstIndex: 0, timestampMs: 1, producerId: 0, producerSequence: 0, epoch: 1 }
  const size = { payloadBytes: payload.length, payloadCrc: crc32(payload) }
  writeBatchHeader(batch, 0, { control: true, compressed: false, ...numbers, ...size }, crc32)
  return batch
}
