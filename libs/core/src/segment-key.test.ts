import { expect } from 'chai'
import fc from 'fast-check'
import { topicNames } from './metadata/command-sequences.test.js'
import { formatSegmentKey, parseSegmentKey } from './segment-key.js'

describe('segment key', () => {
  it('reads t_<topic>_s_<segment>', () => {
    expect(formatSegmentKey({ topic: 'logs', segment: 7 })).to.equal('t_logs_s_7')
  })

  it('separates at the last _s_', () => {
    expect(parseSegmentKey('t_a_s_1_s_2')).to.deep.equal({ topic: 'a_s_1', segment: 2 })
    expect(parseSegmentKey('t_a_s_s_2')).to.deep.equal({ topic: 'a_s', segment: 2 })
  })

  for (const text of [
    '',
    't_logs',
    'logs_s_1',
    't_s_1',
    't__s_1',
    't_logs_s_',
    't_logs_s_0',
    't_logs_s_01',
    't_logs_s_1e3',
    't_logs_s_-1',
    't_logs_s_9007199254740992',
    't_a b_s_1',
    't_.._s_1',
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(parseSegmentKey(text)).to.equal(undefined)
    })
  }

  it('parses back what it formats', () => {
    const keys = fc.record({ topic: topicNames, segment: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) })
    fc.assert(
      fc.property(keys, (key) => {
        expect(parseSegmentKey(formatSegmentKey(key))).to.deep.equal(key)
      }),
    )
  })

  it('formats back what it parses: one segment has one key', () => {
    const texts = fc.tuple(topicNames, fc.constantFrom('0', '1', '02', '9', '+1', ' 1', '1.0', '77', ''))
    fc.assert(
      fc.property(texts, ([topic, digits]) => {
        const text = `t_${topic}_s_${digits}`
        const key = parseSegmentKey(text)
        if (key !== undefined) expect(formatSegmentKey(key)).to.equal(text)
      }),
    )
  })
})
