import { expect } from 'chai'
import { Violation } from '../model/violation.js'
import { Judge } from './judge.js'
import { ReportLines, lineOf, type FoundLine, type Report } from './report.js'

const append = (call: number): Report => ({ is: 'begins append', call, topic: 'alpha', sizes: [20] })
const entry = (offset: number, call: number) => ({ offset, call, nth: 0, sizeBytes: 20 })

/** What a life finds of the one topic, whose entries are those of the calls. */
function found(calls: readonly number[], of: Partial<FoundLine> = {}): readonly Report[] {
  const entries = calls.map((call, offset) => entry(offset, call))
  const whole = { startOffset: 0, endOffset: entries.length, entries, cursors: {}, position: 0 }
  const nextOffset = entries.length > 0 ? 0 : null
  return [{ is: 'starting' }, { is: 'found', topic: 'alpha', ...whole, nextOffset, ...of }, { is: 'opened' }]
}

describe('the judge of killed processes', () => {
  let judge: Judge
  const hear = (...reports: readonly Report[]): void => reports.forEach((report) => judge.hear(report))

  /** Two entries acknowledged, a third begun. */
  beforeEach(() => {
    judge = new Judge()
    hear({ is: 'starting' }, { is: 'opened' })
    for (const call of [1, 2]) hear(append(call), { is: 'appended', call, offset: call - 1 })
    hear(append(3))
    judge.died()
  })

  it('accepts what was acknowledged, with or without what was under way', () => {
    hear(...found([1, 2]))
    hear(append(4), { is: 'appended', call: 4, offset: 2 })
    judge.died()
    hear(...found([1, 2, 4]))
    expect([judge.lifeCount, judge.ackedCount]).to.deep.equal([3, 3])
    hear(append(5))
    judge.died()
    hear(...found([1, 2, 4, 5]))
  })

  for (const [what, wrong] of Object.entries({
    'an entry that is lost': found([1]),
    'entries that changed places': found([2, 1]),
    'an entry that nobody appended': found([1, 2, 9]),
    'an entry that is there twice': found([1, 2, 2]),
    'a topic that is gone': [{ is: 'starting' }, { is: 'opened' }] as const,
    'a topic that nobody made': [
      { is: 'starting' },
      { ...(found([])[1] as Extract<Report, { is: 'found' }>), topic: 'beta' },
      { is: 'opened' },
    ] as const,
    'a cursor ahead of what was delivered': found([1, 2], { position: 2, nextOffset: null }),
    'a call that failed': [{ is: 'broken', why: 'disk' }] as const,
  }))
    it(`finds ${what}`, () => {
      expect(() => hear(...wrong)).to.throw(Violation)
    })

  it('finds an entry that is delivered again after it was', () => {
    hear(...found([1, 2]))
    hear({ is: 'begins read', call: 10, topic: 'alpha', entriesMax: 1 })
    hear({ is: 'delivered', call: 10, entries: [entry(0, 1)] })
    judge.died()
    expect(() => hear(...found([1, 2]))).to.throw(Violation, 'the cursor stands at 0 after recovery')
  })

  it('finds a deleted topic that came back', () => {
    hear(...found([1, 2]))
    hear({ is: 'begins delete', call: 11, topic: 'alpha' }, { is: 'deleted', call: 11, offset: 0 })
    judge.died()
    expect(() => hear(...found([1, 2]))).to.throw(Violation, 'came back')
  })
})

describe('the lines of a killed process', () => {
  it('are taken whole, in whatever pieces they come, and the last one is not if it was cut off', () => {
    const lines = new ReportLines()
    const text = lineOf({ is: 'starting' }) + lineOf(append(1)) + lineOf({ is: 'rest' }).slice(0, -3)
    const heard = [...text].flatMap((character) => lines.take(character))
    expect(heard).to.deep.equal([{ is: 'starting' }, append(1)])
  })
})
