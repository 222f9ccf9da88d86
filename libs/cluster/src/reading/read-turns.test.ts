import { expect } from 'chai'
import { Latch, turns } from '../node-harness.test.js'
import { ReadTurns } from './read-turns.js'

const LARGE = 100_000

describe('ReadTurns', () => {
  let begun: string[]
  let reads: ReadTurns
  beforeEach(() => {
    begun = []
    reads = new ReadTurns(2 * LARGE)
  })

  async function read(name: string, bytes: number, until: Promise<void> = Promise.resolve()): Promise<string> {
    return await reads.take(bytes, async () => {
      begun.push(name)
      await until
      return name
    })
  }

  it('lets as many large ones begin as fit, and the next ones in their order', async () => {
    const [first, second] = [new Latch(), new Latch()]
    const all = [read('a', LARGE, first.promise), read('b', LARGE, second.promise), read('c', LARGE), read('d', LARGE)]
    await turns()
    expect(begun).to.deep.equal(['a', 'b'])
    second.open()
    await turns()
    expect(begun).to.deep.equal(['a', 'b', 'c', 'd'])
    first.open()
    expect(await Promise.all(all)).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('lets small ones pass', async () => {
    const latch = new Latch()
    const large = [1, 2, 3].map((nth) => read(`large ${nth}`, LARGE, latch.promise))
    expect(await read('small', 1000)).to.equal('small')
    expect(begun).to.have.members(['large 1', 'large 2', 'small'])
    latch.open()
    await Promise.all(large)
  })

  it('lets one alone have more than all, and goes on after one that fails', async () => {
    const failed = reads.take(10 * LARGE, () => Promise.reject(new Error('no')))
    const after = read('after', LARGE)
    expect(await failed.catch((error: unknown) => String(error))).to.equal('Error: no')
    expect(await after).to.equal('after')
  })
})
