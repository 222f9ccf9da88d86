import { expect } from 'chai'
import fc from 'fast-check'
import {
  checkRetention,
  countExpired,
  segmentBytesUnder,
  type RetainedSegment,
  type RetentionMoment,
} from './retention.js'

const moment: RetentionMoment = { nowMs: 1000, consumedOffset: undefined, startOffset: 0, openBytes: 10 }

/** Segments of ten entries and a hundred bytes each, last written at the times given. */
function segments(...lastAppendMs: number[]): RetainedSegment[] {
  return lastAppendMs.map((at, index) => ({ sizeBytes: 100, lastAppendMs: at, endOffset: 10 * (index + 1) }))
}

describe('retention', () => {
  it('keeps everything without a bound', () => {
    expect(countExpired(segments(0, 0, 0), {}, moment)).to.equal(0)
  })

  it('drops what is older than the bound, to the millisecond, and nothing behind what is kept', () => {
    expect(countExpired(segments(899, 900, 901), { ageMs: 100 }, moment)).to.equal(2)
    expect(countExpired(segments(950, 0, 0), { ageMs: 100 }, moment)).to.equal(0)
  })

  it('drops the oldest until the rest, with the open segment, fits', () => {
    expect(countExpired(segments(0, 0, 0), { bytes: 310 }, moment)).to.equal(0)
    expect(countExpired(segments(0, 0, 0), { bytes: 309 }, moment)).to.equal(1)
    expect(countExpired(segments(0, 0, 0), { bytes: 1 }, moment)).to.equal(3)
  })

  it('drops what every cursor has passed, where that is asked for and there is a cursor', () => {
    const consumed = { ...moment, consumedOffset: 20 }
    expect(countExpired(segments(0, 0, 0), { consumed: true }, consumed)).to.equal(2)
    expect(countExpired(segments(0, 0, 0), {}, consumed)).to.equal(0)
    expect(countExpired(segments(0, 0, 0), { consumed: true }, moment)).to.equal(0)
  })

  it('drops whole segments before the start of the topic', () => {
    expect(countExpired(segments(0, 0, 0), {}, { ...moment, startOffset: 19 })).to.equal(1)
    expect(countExpired(segments(0, 0, 0), {}, { ...moment, startOffset: 20 })).to.equal(2)
  })

  it('never drops what a stricter policy would keep', () => {
    const policy = fc.record({ ageMs: fc.integer({ min: 1, max: 1000 }), bytes: fc.integer({ min: 1, max: 1000 }) })
    fc.assert(
      fc.property(policy, fc.array(fc.integer({ min: 0, max: 1000 })), ({ ageMs, bytes }, times) => {
        const both = countExpired(segments(...times), { ageMs, bytes }, moment)
        expect(both).to.be.at.least(countExpired(segments(...times), { ageMs }, moment))
        expect(both).to.be.at.least(countExpired(segments(...times), { bytes }, moment))
        expect(both).to.be.at.most(times.length)
      }),
    )
  })

  it('makes segments small beside what is kept', () => {
    expect(segmentBytesUnder({}, 1000)).to.equal(1000)
    expect(segmentBytesUnder({ bytes: 1600 }, 1000)).to.equal(100)
    expect(segmentBytesUnder({ bytes: 1_600_000 }, 1000)).to.equal(1000)
    expect(segmentBytesUnder({ bytes: 1 }, 1000)).to.equal(1)
  })

  it('refuses a bound that is none', () => {
    expect(() => checkRetention({ ageMs: 0 })).to.throw('Cannot keep ageMs 0: not a number above 0')
    expect(() => checkRetention({ bytes: NaN })).to.throw('Cannot keep bytes NaN')
    expect(checkRetention({ ageMs: 1, bytes: 1 })).to.deep.equal({ ageMs: 1, bytes: 1 })
  })
})
