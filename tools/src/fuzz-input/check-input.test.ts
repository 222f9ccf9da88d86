import { expect } from 'chai'
import { checkInput, MEMORY_BYTES_MAX } from './check-input.js'
import { bytesOfHex, hexOf } from './corpus.js'
import { BrokenPromise } from './expectation.js'
import { fuzzInput } from './fuzz-input.js'
import { pureTarget, type OpenTarget } from './fuzz-target.js'
import { superviseFuzz } from './supervise.js'

const INPUT = Uint8Array.of(1, 2, 3)

async function targetOf(check: (input: Uint8Array) => void): Promise<OpenTarget> {
  return pureTarget({ name: 'one', about: '' }, { example: () => INPUT, check }).open()
}

describe('hostile input: what counts as a fault', () => {
  it('is nothing where the reader keeps its promises', async () => {
    expect(await checkInput(await targetOf(() => undefined), INPUT)).to.equal(undefined)
  })

  it('is whatever is thrown', async () => {
    const target = await targetOf(() => {
      throw new BrokenPromise('a promise')
    })
    expect(await checkInput(target, INPUT)).to.contain('a promise')
  })

  it('is memory out of proportion', async () => {
    const kept: Uint8Array[] = []
    const target = await targetOf(() => kept.push(new Uint8Array(MEMORY_BYTES_MAX + 1024 * 1024)))
    expect(await checkInput(target, INPUT)).to.match(/3 bytes of input took \d+ bytes of arrayBuffers/)
    expect(kept).to.have.length(1)
  })

  it('is an input that its reader has changed', async () => {
    const target = await targetOf((input) => input.fill(0))
    expect(await checkInput(target, INPUT)).to.contain('has changed the input')
  })

  it('is found with its number, also where it ends the process', async () => {
    const task = { target: 'no such target', seed: 1, first: 7, inputsMax: 1, secondsMax: 10 }
    const { finding } = await superviseFuzz(task, () => undefined)
    expect(finding?.number).to.equal(7)
    expect(finding?.broken).to.contain('there is no target "no such target"')
  })
})

describe('hostile input: what is tried', () => {
  it('follows from seed, number and corpus', async () => {
    const target = await targetOf(() => undefined)
    const some = (seed: number) =>
      Array.from({ length: 50 }, (_, number) => hexOf(fuzzInput(target, [INPUT], seed, number)))
    expect(some(1)).to.deep.equal(some(1))
    expect(some(1)).to.not.deep.equal(some(2))
    expect(new Set(some(1)).size).to.be.above(25)
  })

  it('is kept as hexadecimal digits, and nothing else', () => {
    expect(bytesOfHex('01 02\n03')).to.deep.equal(INPUT)
    expect(() => bytesOfHex('0')).to.throw('no bytes in hexadecimal digits')
  })
})
