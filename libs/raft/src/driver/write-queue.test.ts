import { expect } from 'chai'
import { MemoryLog } from '../core/memory-log.js'
import { createMessage } from '../core/message.js'
import { type StorageAppend } from '../core/ready.js'
import { emptyConfState, type Entry } from '../core/types.js'
import { ControlledStore } from '../testing/controlled-store.js'
import { settlePromises } from '../testing/virtual-clock.js'
import { WriteQueue } from './write-queue.js'

describe('queue of writes', () => {
  let store: ControlledStore
  let queue: WriteQueue
  let events: string[]
  let tick: number

  beforeEach(() => {
    store = new ControlledStore(new MemoryLog())
    store.isHeld = true
    events = []
    tick = 0
    queue = new WriteQueue({
      store,
      groupBytesMax: 100,
      currentTick: () => tick,
      events: {
        onWritten: ({ responses }) => events.push(`written ${responses.map(({ index }) => index).join()}`),
        onSnapshotSaved: ({ index }) => events.push(`saved ${index}`),
        onFailed: (error) => events.push(String(error)),
      },
    })
  })

  const finishOne = async (): Promise<void> => {
    store.performNext()
    await settlePromises()
  }

  it('gathers what comes during a write, and answers all of it in order', async () => {
    for (const index of [1, 2, 3]) queue.append(appendOf(index))
    expect([store.writeCount, store.heldCount]).to.deep.equal([1, 1])
    await finishOne()
    expect([store.writeCount, events]).to.deep.equal([2, ['written 1']])
    await finishOne()
    expect(events).to.deep.equal(['written 1', 'written 2', 'written 3'])
    expect(store.lastIndex()).to.equal(3)
  })

  it('makes no group larger than its bound', async () => {
    for (const index of [1, 2, 3, 4, 5]) queue.append(appendOf(index, 40))
    for (let count = 0; count < 5; count++) await finishOne()
    expect(store.writeCount).to.equal(5)
    expect(events).to.have.length(5)
  })

  it('saves a snapshot in its place among the writes', async () => {
    queue.append(appendOf(1))
    queue.saveSnapshot({ index: 1, term: 1, confState: emptyConfState, data: new Uint8Array(1) }, 1)
    queue.append(appendOf(2))
    for (let count = 0; count < 3; count++) await finishOne()
    expect(events).to.deep.equal(['written 1', 'saved 1', 'written 2'])
  })

  it('writes nothing more after a failure, and tells it once', async () => {
    store.isHeld = false
    store.failure = new Error('no space left')
    for (const index of [1, 2, 3]) queue.append(appendOf(index))
    await settlePromises()
    store.failure = undefined
    queue.append(appendOf(4))
    await queue.drain()
    expect(events).to.deep.equal(['Error: no space left'])
    expect([store.writeCount, store.lastIndex()]).to.deep.equal([1, 0])
  })

  it('lets a lone commit index wait for company, or for a flush', async () => {
    const lone: StorageAppend = { ...appendOf(1), entries: [], mustSync: false, responses: [] }
    queue.append(lone)
    expect(store.writeCount).to.equal(0)
    queue.flush()
    expect(store.writeCount).to.equal(1)
    await finishOne()
    queue.append(lone)
    queue.append(appendOf(1))
    expect(store.writeCount).to.equal(2)
  })

  it('touches no disk for what only has to wait for those before', async () => {
    queue.append(appendOf(1))
    queue.append({ ...appendOf(7), entries: [], hardState: null, mustSync: false })
    await finishOne()
    expect([store.writeCount, events]).to.deep.equal([1, ['written 1', 'written 7']])
  })

  it('says for how long a write has been under way', async () => {
    expect(queue.waitingTicks).to.equal(0)
    queue.append(appendOf(1))
    queue.append(appendOf(2))
    tick = 7
    expect(queue.waitingTicks).to.equal(7)
    await finishOne()
    tick = 9
    expect(queue.waitingTicks).to.equal(2)
  })

  it('is drained when all is written', async () => {
    queue.append(appendOf(1))
    queue.append({ ...appendOf(2), entries: [], mustSync: false, responses: [] })
    let isDrained = false
    const drained = queue.drain().then(() => (isDrained = true))
    await settlePromises()
    expect(isDrained).to.equal(false)
    await finishOne()
    await finishOne()
    await drained
    expect(store.initialState().hardState?.commit).to.equal(2)
  })
})

function appendOf(index: number, bytes = 1): StorageAppend {
  const entries: Entry[] = [{ index, term: 1, type: 'normal', data: new Uint8Array(bytes) }]
  const responses = [createMessage({ type: 'AppendResponse', to: 2, index })]
  return { snapshot: null, entries, hardState: { term: 1, vote: 0, commit: index }, mustSync: true, responses }
}
