import { expect } from 'chai'
import { ReadRemainders, type Remainder } from './read-remainders.js'

describe('read remainders', () => {
  const remainder = (nextIndex: number): Remainder => ({ nextIndex }) as Remainder

  it('hand over the latest of a reader, once', () => {
    const remainders = new ReadRemainders()
    const reader = {}
    remainders.keep(reader, remainder(1))
    remainders.keep(reader, remainder(2))
    expect([remainders.take(reader)?.nextIndex, remainders.take(reader)]).to.deep.equal([2, undefined])
  })

  it('let go of the one that was kept longest ago', () => {
    const remainders = new ReadRemainders()
    const readers = Array.from({ length: 17 }, () => ({}))
    const [first, second] = readers
    for (const [nth, reader] of readers.slice(0, 16).entries()) remainders.keep(reader, remainder(nth))
    remainders.keep(first!, remainder(0))
    remainders.keep(readers[16]!, remainder(16))
    expect([first, second, readers[2]].map((reader) => remainders.take(reader!)?.nextIndex)).to.deep.equal([
      0,
      undefined,
      2,
    ])
  })
})
