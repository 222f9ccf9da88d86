import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { constants } from 'node:os'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { RingAddon } from './ring-addon.js'
import { Ring, RING_CAPACITY } from './ring.js'
import { openRing } from './testing/open-ring.js'

const { EAGAIN, EIO, ENOMEM } = constants.errno

describe('ring', () => {
  it('hands over what is asked in one turn in one call', async () => {
    const system = new ScriptedSystem()
    const calls = [1, 2, 3].map((descriptor) => system.ring.syncData(descriptor))
    await system.turn()
    expect(system.log).to.deep.equal(['queue 0', 'queue 1', 'queue 2', 'submit'])
    system.complete([0, 0], [1, 0], [2, 0])
    await Promise.all(calls)
  })

  it('settles each call with its own result, in whatever order they come', async () => {
    const system = new ScriptedSystem()
    const bytes = new Uint8Array(10)
    const calls = [system.ring.write(1, [bytes], 0), system.ring.read(1, bytes, 0), system.ring.reserve(1, 10)]
    await system.turn()
    system.complete([2, 0], [1, 7])
    system.complete([0, 3])
    expect(await Promise.all(calls)).to.deep.equal([3, 7, undefined])
  })

  it('rejects with the error of the system and the name of the call', async () => {
    const system = new ScriptedSystem()
    const call = rejection(system.ring.syncData(1))
    await system.turn()
    system.complete([0, -EIO])
    expect(await call).to.include({ code: 'EIO', syscall: 'fdatasync' })
  })

  it('lets calls wait in order for room', async () => {
    const system = new ScriptedSystem(2)
    const done: number[] = []
    const calls = [0, 1, 2, 3, 4].map((n) => system.ring.syncData(n).then(() => done.push(n)))
    await system.turn()
    system.complete([1, 0])
    await system.turn()
    system.complete([0, 0], [1, 0])
    await system.turn()
    system.complete([0, 0], [1, 0])
    await Promise.all(calls)
    expect(done).to.deep.equal([1, 0, 2, 3, 4])
  })

  it('hands over again what the system has no memory for now', async () => {
    const system = new ScriptedSystem()
    system.submitResults = [-EAGAIN, -EAGAIN, 0]
    const call = system.ring.syncData(1)
    await system.turns(3)
    expect(system.log).to.deep.equal(['queue 0', 'submit', 'submit', 'submit'])
    system.complete([0, 0])
    await call
  })

  it('asks again for what completes with EAGAIN', async () => {
    const system = new ScriptedSystem()
    const call = system.ring.syncData(1)
    await system.turn()
    system.complete([0, -EAGAIN])
    await system.turns(2)
    expect(system.log).to.deep.equal(['queue 0', 'submit', 'queue 0', 'submit'])
    system.complete([0, 0])
    await call
  })

  it('rejects what the system refuses to take, and goes on', async () => {
    const system = new ScriptedSystem(2)
    system.submitResults = [-ENOMEM, 0]
    const refused = [system.ring.syncData(1), system.ring.syncData(2)].map(rejection)
    const waiting = system.ring.syncData(3)
    expect((await Promise.all(refused)).map((error) => (error as { code: string }).code)).to.deep.equal([
      'ENOMEM',
      'ENOMEM',
    ])
    await system.turn()
    system.complete([0, 0])
    await waiting
  })

  it('rejects what the addon cannot make sense of', async () => {
    const system = new ScriptedSystem()
    system.argumentFault = new TypeError('Not a descriptor')
    expect(await rejection(system.ring.syncData(-1))).to.equal(system.argumentFault)
  })

  if (openRing !== undefined) realTests(openRing)
})

function realTests(ring: Ring): void {
  let folder: TemporaryFolder
  let file: FileHandle
  beforeEach(async () => {
    folder = await temporaryFolder()
    file = await open(join(folder.path, 'file'), 'w+')
  })
  afterEach(async () => {
    await file.close()
    await folder.remove()
  })

  it('does far more at once than it has room for', async () => {
    const numbers = Array.from({ length: 20 * RING_CAPACITY }, (_, n) => n)
    const written = await Promise.all(numbers.map((n) => ring.write(file.fd, [record(n)], n * RECORD_BYTES)))
    expect(new Set(written)).to.deep.equal(new Set([RECORD_BYTES]))
    const read = numbers.map(async (n) => {
      const bytes = new Uint8Array(RECORD_BYTES)
      expect(await ring.read(file.fd, bytes, n * RECORD_BYTES)).to.equal(RECORD_BYTES)
      expect(bytes).to.deep.equal(record(n))
    })
    await Promise.all([...read, ring.syncData(file.fd)])
  })

  it('keeps the bytes of a write that nobody else refers to', async () => {
    const count = 64
    const writes = Array.from({ length: count }, (_, n) =>
      ring.write(file.fd, [new Uint8Array(2 ** 16).fill(n)], n * 2 ** 16),
    )
    const garbage = Array.from({ length: 200 }, () => new Uint8Array(2 ** 20).fill(255))
    await Promise.all(writes)
    const bytes = await file.readFile()
    for (let n = 0; n < count; n += 1)
      expect(bytes.subarray(n * 2 ** 16, (n + 1) * 2 ** 16).every((b) => b === n)).to.equal(true)
    expect(garbage.length).to.equal(200)
  })

  it('writes several parts by one call, and takes no more than 1024', async () => {
    const parts = Array.from({ length: 1024 }, (_, n) => new Uint8Array([n % 256]))
    expect(await ring.write(file.fd, parts, 5)).to.equal(1024)
    expect((await file.readFile()).subarray(5)).to.deep.equal(Buffer.concat(parts))
    expect(await rejection(ring.write(file.fd, [...parts, new Uint8Array(1)], 0))).to.be.instanceOf(TypeError)
    expect(await rejection(ring.write(file.fd, [], 0))).to.be.instanceOf(TypeError)
  })

  it('reads less where the file ends', async () => {
    await ring.write(file.fd, [new Uint8Array(10)], 0)
    expect(await ring.read(file.fd, new Uint8Array(10), 4)).to.equal(6)
    expect(await ring.read(file.fd, new Uint8Array(10), 10)).to.equal(0)
  })

  it('reserves the space of a file', async () => {
    await ring.reserve(file.fd, 2 ** 20)
    const { size, blocks } = await file.stat()
    expect([size, blocks >= 2 ** 20 / 512]).to.deep.equal([2 ** 20, true])
  })

  it('says what the system says of a descriptor that is none, and of positions that are none', async () => {
    expect(await rejection(ring.syncData(1_000_000))).to.have.property('code', 'EBADF')
    for (const position of [-1, 0.5, Number.NaN, 2 ** 54]) {
      expect(await rejection(ring.write(file.fd, [new Uint8Array(1)], position))).to.be.instanceOf(TypeError)
      expect(await rejection(ring.read(file.fd, new Uint8Array(1), position))).to.be.instanceOf(TypeError)
    }
  })

  it('does not take bytes for what is none', async () => {
    for (const wrong of [undefined, null, 'text', [1], {}, new Uint16Array(4), new DataView(new ArrayBuffer(8))]) {
      const bytes = wrong as Uint8Array
      expect(await rejection(ring.write(file.fd, [bytes], 0))).to.be.instanceOf(TypeError)
      expect(await rejection(ring.write(file.fd, [new Uint8Array(1), bytes], 0))).to.be.instanceOf(TypeError)
      expect(await rejection(ring.read(file.fd, bytes, 0))).to.be.instanceOf(TypeError)
    }
  })
}

const RECORD_BYTES = 100

function record(n: number): Uint8Array {
  return new Uint8Array(RECORD_BYTES).fill(n % 251)
}

function rejection(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
}

/** An addon whose kernel does what the test says. */
class ScriptedSystem implements RingAddon {
  readonly log: string[] = []
  readonly ring: Ring
  submitResults: number[] = []
  argumentFault: Error | undefined
  readonly #capacity: number
  readonly #taken = new Set<number>()
  #queued: number[] = []
  #results: Int32Array = new Int32Array()
  #onCompletions: (count: number) => void = () => undefined

  constructor(capacity = 8) {
    this.#capacity = capacity
    const ring = Ring.open(this)
    if (!(ring instanceof Ring)) throw new Error('No ring')
    this.ring = ring
  }

  /** Until everything that is due in this turn of the loop, and what it leads to, is done. */
  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }

  async turns(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) await this.turn()
  }

  complete(...pairs: readonly (readonly [request: number, result: number])[]): void {
    for (const [request] of pairs) this.#taken.delete(request)
    this.#results.set(pairs.flat())
    this.#onCompletions(pairs.length)
  }

  open(_capacity: number, results: Int32Array, onCompletions: (count: number) => void): number {
    this.#results = results
    this.#onCompletions = onCompletions
    return 0
  }

  write(): number {
    return this.#queue()
  }

  read(): number {
    return this.#queue()
  }

  reserve(): number {
    return this.#queue()
  }

  syncData(): number {
    return this.#queue()
  }

  submit(): number {
    this.log.push('submit')
    const result = this.submitResults.shift() ?? 0
    if (result === 0) this.#queued = []
    return result
  }

  unqueue(): number {
    const request = this.#queued.pop()
    if (request === undefined) return -1
    this.#taken.delete(request)
    return request
  }

  #queue(): number {
    if (this.argumentFault) throw this.argumentFault
    if (this.#taken.size === this.#capacity) return -1
    let request = 0
    while (this.#taken.has(request)) request += 1
    this.#taken.add(request)
    this.#queued.push(request)
    this.log.push(`queue ${request}`)
    return request
  }
}
