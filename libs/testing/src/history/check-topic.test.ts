import { expect } from 'chai'
import { checkDeliveries, checkTopic, type PutEvent, type ReadEvent } from './check-topic.js'

const puts: readonly PutEvent[] = [
  { entry: 'a1', writer: 'a', sequence: 1, outcome: 'acked', offset: 0 },
  { entry: 'b1', writer: 'b', sequence: 1, outcome: 'acked' },
  { entry: 'a2', writer: 'a', sequence: 2, outcome: 'unknown' },
  { entry: 'a3', writer: 'a', sequence: 3, outcome: 'acked' },
  { entry: 'b2', writer: 'b', sequence: 2, outcome: 'refused' },
]

describe('history of a topic', () => {
  it('is in order when what is unknown is there once, or not', () => {
    expect(checkTopic(puts, logOf('a1', 'b1', 'a2', 'a3'))).to.deep.equal([])
    expect(checkTopic(puts, logOf('a1', 'a3', 'b1'))).to.deep.equal([])
  })

  const faults: Readonly<Record<string, readonly string[]>> = {
    '"b1" was acknowledged and is lost': ['a1', 'a3'],
    '"a3" (acked) is there 2 times: 2, 3': ['a1', 'b1', 'a3', 'a3'],
    '"a2" (unknown) is there 2 times: 1, 2': ['a1', 'a2', 'a2', 'b1', 'a3'],
    '2: "b2" was refused and is there': ['a1', 'b1', 'b2', 'a3'],
    '2: "x" was never sent': ['a1', 'b1', 'x', 'a3'],
    '3: "a2" stands behind "a3", which was sent after it': ['a1', 'b1', 'a3', 'a2'],
    '"a1" was acknowledged at 0 and is at 1': ['b1', 'a1', 'a3'],
  }
  for (const [fault, log] of Object.entries(faults)) {
    it(`tells that ${fault}`, () => {
      expect(checkTopic(puts, logOf(...log))).to.deep.equal([fault])
    })
  }

  it('tells a gap in the offsets, and begins where retention left off', () => {
    const [first, ...others] = logOf('a1', 'b1', 'a3')
    const holed = [first!, ...others.map(({ entry, offset }) => ({ entry, offset: offset + 1 }))]
    expect(checkTopic(puts, holed)).to.deep.equal(['offset 1 is missing: 2 stands there'])
    const trimmed = puts.map((put) => (put.entry === 'a1' ? { ...put, outcome: 'unknown' as const } : put))
    expect(checkTopic(trimmed, others, 1)).to.deep.equal([])
  })
})

describe('deliveries of a strict cursor', () => {
  const log = logOf('a', 'b', 'c')

  it('are each entry at most once, and all of them when they are complete', () => {
    expect(checkDeliveries(['b', 'a'], log, { complete: false })).to.deep.equal([])
    expect(checkDeliveries(['b', 'a', 'c'], log, { complete: true })).to.deep.equal([])
    expect(checkDeliveries(['b', 'a'], log, { complete: true })).to.deep.equal(['2: "c" was not delivered'])
  })

  it('are none twice, and none that is not there', () => {
    const faults = checkDeliveries(['a', 'a', 'x'], log, { complete: false })
    expect(faults).to.deep.equal(['"a" delivered 2 times', '"x" is not in the log'])
  })
})

function logOf(...entries: readonly string[]): ReadEvent[] {
  return entries.map((entry, offset) => ({ entry, offset }))
}
