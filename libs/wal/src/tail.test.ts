import { expect } from 'chai'
import { FaultyDisk } from '@walrus/testing'
import { bytesOf, openWalrus, textOf, turnsOfTheLoop } from './harness.test.js'
import type { Walrus } from './walrus.js'

describe('tail', () => {
  let walrus: Walrus
  beforeEach(async () => (walrus = await openWalrus(new FaultyDisk())))
  afterEach(() => walrus.close())

  async function take(count: number, options: Parameters<Walrus['tail']>[1]): Promise<string[]> {
    const texts: string[] = []
    for await (const entry of walrus.tail('t', options)) {
      texts.push(textOf(entry) ?? '')
      if (texts.length === count) break
    }
    return texts
  }

  it('gives what is there and then what comes, across segments', async () => {
    await walrus.append('t', bytesOf('0'))
    const taken = take(40, { from: 'start' })
    for (let n = 1; n < 40; n++) await walrus.append('t', bytesOf(`${n}`))
    expect(await taken).to.deep.equal(Array.from({ length: 40 }, (_, n) => `${n}`))
  })

  it('starts behind the last entry unless told, and at an offset', async () => {
    for (const text of ['0', '1', '2']) await walrus.append('t', bytesOf(text))
    expect(await take(2, { from: 1 })).to.deep.equal(['1', '2'])
    const next = walrus.tail('t').next()
    await turnsOfTheLoop(3)
    await walrus.append('t', bytesOf('3'))
    expect(textOf((await next).value as never)).to.equal('3')
  })

  it('waits for a topic that has no entry yet', async () => {
    const taken = take(1, { from: 'start' })
    await walrus.append('t', bytesOf('first'))
    expect(await taken).to.deep.equal(['first'])
  })

  it('ends with the reason of its signal, waiting or not', async () => {
    const abort = new AbortController()
    const waiting = walrus.tail('t', { signal: abort.signal }).next()
    await turnsOfTheLoop(3)
    abort.abort(new Error('enough'))
    const [outcome] = await Promise.allSettled([waiting])
    expect(outcome).to.have.property('status', 'rejected')
    expect(outcome).to.have.nested.property('reason.message', 'enough')
    const [late] = await Promise.allSettled([walrus.tail('t', { signal: abort.signal }).next()])
    expect(late).to.have.property('status', 'rejected')
  })

  it('ends when the library is closed', async () => {
    const waiting = walrus.tail('t').next()
    await turnsOfTheLoop(3)
    await walrus.close()
    expect(await waiting).to.deep.equal({ value: undefined, done: true })
  })

  it('reads on only when it is asked: what is not taken costs no memory', async () => {
    for (let n = 0; n < 3; n++) await walrus.append('t', bytesOf(`${n}`))
    const tail = walrus.tail('t', { from: 'start' })
    expect(textOf((await tail.next()).value as never)).to.equal('0')
    await walrus.truncateBefore('t', 3)
    await walrus.append('t', bytesOf('3'))
    expect(
      [await tail.next(), await tail.next(), await tail.next()].map(({ value }) => textOf(value as never)),
    ).to.deep.equal(['1', '2', '3'])
  })
})
