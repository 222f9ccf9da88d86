import type { BlockFile, WalrusError } from '@walrus/core'
import { crc32 } from '@walrus/protocol'
import { FaultyDisk } from '@walrus/testing'
import { expect } from 'chai'
import { decodeBlockSlot, slotChecksum, type BlockSlot } from '../format/block-slot.js'
import { geometryOf, SECTOR_BYTES, slotPosition } from '../format/geometry.js'
import { turnsOfTheLoop } from '../harness.test.js'
import { StoreFile } from './store-file.js'

const geometry = geometryOf(4096, 4)

interface Call {
  readonly kind: 'write' | 'durable write' | 'sync'
  readonly position: number
  readonly bytes: Uint8Array
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A file whose calls wait until the test settles them. */
class HeldFile implements BlockFile {
  readonly name = 'held'
  readonly sizeBytes = geometry.fileBytes
  readonly calls: Call[] = []

  constructor(readonly supports = { alignmentBytes: 1, durableWrite: true }) {}

  write(parts: readonly Uint8Array[], position: number, durable: boolean): Promise<void> {
    return this.#call(durable ? 'durable write' : 'write', position, Buffer.concat(parts))
  }

  sync(): Promise<void> {
    return this.#call('sync', 0, new Uint8Array())
  }

  async read(_position: number, length: number): Promise<Uint8Array> {
    return new Uint8Array(length)
  }

  async close(): Promise<void> {
    for (const call of this.calls) call.resolve()
  }

  /** The calls under way, in words: kind, and the block whose slot is written. */
  get underWay(): string[] {
    return this.calls.map(({ kind, position }) => (kind === 'sync' ? kind : `${kind} ${position}`))
  }

  /** Settles what is under way, and lets what follows from it begin. */
  async settle(error?: Error): Promise<void> {
    for (const call of this.calls.splice(0))
      if (error) call.reject(error)
      else call.resolve()
    await turnsOfTheLoop(1)
  }

  #call(kind: Call['kind'], position: number, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => this.calls.push({ kind, position, bytes, resolve, reject }))
  }
}

function storeFile(file: BlockFile): StoreFile {
  return new StoreFile(file, { geometry, fileId: 1, createdMs: 0, openCount: 1 }, crc32, true)
}

function slot(of: Partial<BlockSlot> = {}): BlockSlot {
  return {
    state: 'open',
    generation: { openCount: 1, sequence: 1 },
    blockCount: 1,
    run: 0,
    topic: 'logs',
    segment: 1,
    baseOffset: 0,
    epoch: 1,
    firstIndex: 0,
    createdMs: 0,
    knownBytes: 0,
    knownEndIndex: 0,
    firstPosition: 0,
    knownEndPosition: 0,
    fencedEpoch: 0,
    cuts: false,
    lastTimestampMs: 0,
    beginsSegment: true,
    followsDurable: true,
    clean: false,
    ...of,
  }
}

const data = { position: 8192, parts: [Buffer.from('data')] }
const DATA = 'write 8192'
const slotWrite = (block: number): string => `write ${slotPosition(block)}`

describe('store file', () => {
  let file: HeldFile
  let store: StoreFile

  beforeEach(() => {
    file = new HeldFile()
    store = storeFile(file)
  })

  /** The state that each slot under way gives its block. */
  function statesUnderWay(): string[] {
    const slots = file.calls.filter(({ bytes }) => bytes.length === SECTOR_BYTES)
    return slots.map(({ bytes, position }) => {
      const checksum = slotChecksum(1, (position - slotPosition(0)) / SECTOR_BYTES, crc32)
      return (decodeBlockSlot(bytes, 0, checksum) as BlockSlot).state
    })
  }

  it('makes one durable write of one part where the file can, and else a write and a sync', async () => {
    const durable = store.write([data], true)
    expect(file.underWay).to.deep.equal(['durable write 8192'])
    await file.settle()
    await durable
    const plain = new HeldFile({ alignmentBytes: 1, durableWrite: false })
    void storeFile(plain).write([data], true)
    expect(plain.underWay).to.deep.equal([DATA])
    await plain.settle()
    expect(plain.underWay).to.deep.equal(['sync'])
  })

  it('writes queued slots beside the data, and syncs when all of it is written', async () => {
    store.queueSlot(2, slot())
    const written = store.write([data], true)
    expect(file.underWay).to.deep.equal([slotWrite(2), DATA])
    await file.settle()
    expect(file.underWay).to.deep.equal(['sync'])
    await file.settle()
    await written
    await store.flushSlots()
    expect(file.underWay, 'nothing is left to write').to.deep.equal([])
  })

  it('keeps slots queued whose write failed', async () => {
    store.queueSlot(2, slot())
    const failing = store.write([data], true).catch((error: Error) => error.message)
    await file.settle(new Error('no space'))
    expect(await failing).to.equal('no space')
    expect(store.writable, 'a failed write leaves the file usable').to.equal(true)
    void store.write([data], true)
    expect(file.underWay).to.deep.equal([slotWrite(2), DATA])
  })

  it('prefers the slot that was queued since to the one whose write failed', async () => {
    store.queueSlot(2, slot())
    const failing = store.write([], false).catch((error: Error) => error.message)
    store.queueSlot(2, slot({ state: 'closed' }))
    await file.settle(new Error('no space'))
    await failing
    void store.flushSlots()
    expect(statesUnderWay()).to.deep.equal(['closed'])
  })

  it('never has two writes of one slot under way', async () => {
    store.queueSlot(2, slot())
    const first = store.write([], false)
    store.queueSlot(2, slot({ state: 'closed' }))
    const second = store.write([data], false)
    expect(file.underWay).to.deep.equal([slotWrite(2), DATA])
    await file.settle()
    await first
    expect(file.underWay).to.deep.equal([slotWrite(2)])
    expect(statesUnderWay()).to.deep.equal(['closed'])
    await file.settle()
    await second
  })

  it('covers with a sync the slots that are queued or being written', async () => {
    store.queueSlot(1, slot())
    const written = store.write([], false)
    store.queueSlot(2, slot())
    const synced = store.sync()
    expect(file.underWay).to.deep.equal([slotWrite(1)])
    await file.settle()
    await written
    expect(file.underWay).to.deep.equal([slotWrite(2)])
    await file.settle()
    expect(file.underWay).to.deep.equal(['sync'])
    await file.settle()
    await synced
  })

  it('takes nothing more after a failed sync, and frees nothing in it', async () => {
    const failing = store.sync().catch((error: Error) => error.message)
    await turnsOfTheLoop(1)
    await file.settle(new Error('disk gone'))
    expect(await failing).to.equal('disk gone')
    expect([store.writable, store.allocatable]).to.deep.equal([false, false])
    store.space.occupy(0, 1)
    store.giveBack(0, slot())
    expect(store.space.freeCount).to.equal(3)
  })

  it('gives blocks back without a word that their segment is being removed', async () => {
    const real = storeFile(await (await new FaultyDisk().open()).create('real', geometry.fileBytes))
    real.space.occupy(0, 1)
    real.giveBack(0, slot({ beginsSegment: true }))
    await real.flushSlots()
    const table = await real.read(slotPosition(0), SECTOR_BYTES)
    const written = decodeBlockSlot(table, 0, slotChecksum(1, 0, crc32))
    expect(written).to.include({ state: 'free', beginsSegment: false })
  })

  it('claims nothing durable once it is closed, unless it is to be deleted', async () => {
    for (const deleted of [false, true]) {
      const directory = await new FaultyDisk().open()
      const closed = storeFile(await directory.create('closed', geometry.fileBytes))
      await (deleted ? closed.discard() : closed.close())
      const outcome = await closed.sync().then(
        () => 'resolved',
        (error: WalrusError) => error.code,
      )
      expect(outcome).to.equal(deleted ? 'resolved' : 'STORAGE_CLOSED')
    }
  })

  it('reports a write that failed only when none is under way any more', async () => {
    let settled = false
    const writing = store.write([data, { ...data, position: 12_288 }], false).catch(() => (settled = true))
    file.calls.shift()?.reject(new Error('no space'))
    await turnsOfTheLoop(1)
    expect(settled).to.equal(false)
    await file.settle()
    await writing
    expect(settled).to.equal(true)
  })
})
