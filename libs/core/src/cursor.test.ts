import { expect } from 'chai'
import fc from 'fast-check'
import { type Cursor, cursorOf, nextRead, offsetOf } from './cursor.js'
import { sampleTopic } from './sample-topic.test.js'
import { endOffset, firstSegment, lastSegment } from './segment.js'

const topics = fc
  .record({
    counts: fc.array(fc.oneof(fc.constant(0), fc.nat(5)), { maxLength: 12 }),
    last: fc.constantFrom('open' as const, 'recovering' as const),
    trimmed: fc.nat(3),
    firstOffset: fc.nat(20),
  })
  .map(({ counts, last, trimmed, firstOffset }) =>
    sampleTopic([...counts, last], trimmed + 1, trimmed === 0 ? 0 : firstOffset),
  )

describe('cursor', () => {
  const topic = sampleTopic([10, 0, 5, 0, 'open'])
  const table: readonly [string, number, Cursor][] = [
    ['the first entry', 0, { segment: 1, delivered: 0 }],
    ['the last entry of a segment', 9, { segment: 1, delivered: 9 }],
    ['the end of a segment, past an empty one', 10, { segment: 3, delivered: 0 }],
    ['the end of all sealed segments', 15, { segment: 5, delivered: 0 }],
    ['inside the open segment', 17, { segment: 5, delivered: 2 }],
  ]
  for (const [name, offset, cursor] of table) {
    it(`${name}: offset ${offset} is segment ${cursor.segment} + ${cursor.delivered}`, () => {
      expect(cursorOf(topic, offset)).to.deep.equal(cursor)
      expect(offsetOf(topic, cursor)).to.equal(offset)
    })
  }

  it('starts a topic without entries in its open segment', () => {
    expect(cursorOf(sampleTopic(['open']), 0)).to.deep.equal({ segment: 1, delivered: 0 })
    expect(cursorOf(sampleTopic([0, 0, 'open']), 0)).to.deep.equal({ segment: 3, delivered: 0 })
  })

  it('is moved up to what retention left', () => {
    const trimmed = sampleTopic([4, 'open'], 3, 100)
    expect(nextRead(trimmed, 7)).to.deep.equal({ segment: trimmed.segments[0], index: 0, offset: 100 })
    expect(offsetOf(trimmed, { segment: 1, delivered: 7 })).to.equal(100)
  })

  it('never skips an entry when it lies beyond what it knows', () => {
    expect(offsetOf(topic, { segment: 1, delivered: 11 })).to.equal(10)
    expect(offsetOf(topic, { segment: 6, delivered: 3 })).to.equal(15)
  })

  it('comes back from every offset', () => {
    fc.assert(
      fc.property(topics, fc.nat(90), (some, distance) => {
        const offset = firstSegment(some).baseOffset + distance
        expect(offsetOf(some, cursorOf(some, offset))).to.equal(offset)
      }),
    )
  })

  it('keeps its offset and then its form, from every (segment, delivered)', () => {
    fc.assert(
      fc.property(topics, fc.nat(), fc.nat(5), (some, pick, delivered) => {
        const segment = some.segments[pick % some.segments.length]!
        const offset = offsetOf(some, { segment: segment.id, delivered: Math.min(delivered, segment.entryCount) })
        const cursor = cursorOf(some, offset)
        expect(offsetOf(some, cursor)).to.equal(offset)
        expect(cursorOf(some, offsetOf(some, cursor))).to.deep.equal(cursor)
      }),
    )
  })

  it('visits every entry of every segment once, in order, and ends in the last segment', () => {
    fc.assert(
      fc.property(topics, (some) => {
        const last = lastSegment(some)
        const visited: string[] = []
        let offset = 0
        for (;;) {
          const read = nextRead(some, offset)
          if (read.segment === last) break
          expect(read.index).to.be.below(read.segment.entryCount)
          expect(read.segment.baseOffset + read.index).to.equal(read.offset)
          visited.push(`${read.segment.id}:${read.index}`)
          offset = read.offset + 1
        }
        const sealed = some.segments.slice(0, -1)
        const entries = sealed.flatMap(({ id, entryCount }) =>
          Array.from({ length: entryCount }, (_, index) => `${id}:${index}`),
        )
        expect(visited).to.deep.equal(entries)
        expect(Math.max(offset, firstSegment(some).baseOffset)).to.equal(endOffset(last))
      }),
    )
  })
})
