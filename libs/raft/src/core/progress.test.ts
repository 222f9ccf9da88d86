import { expect } from 'chai'
import { InvariantViolation } from './invariant.js'
import {
  acknowledge,
  becomeProbe,
  becomeReplicate,
  becomeSnapshot,
  canBumpCommit,
  createProgress,
  isPaused,
  reject,
  sentEntries,
  type Progress,
  type ProgressState,
} from './progress.js'

function progressWith(change: Partial<Progress>, messages = 3): Progress {
  const start = { next: 1, isLearner: false, recentActive: false, limits: { messages, bytes: 1_000 } }
  return Object.assign(createProgress(start), change)
}

describe('progress of a follower', () => {
  describe('rejections', () => {
    // state, match, next, rejected, hint, whether it counts, next afterwards
    const cases: readonly (readonly [ProgressState, number, number, number, number, boolean, number])[] = [
      ['replicate', 5, 10, 5, 5, false, 10],
      ['replicate', 5, 10, 4, 4, false, 10],
      ['replicate', 5, 10, 9, 9, true, 6],
      ['probe', 0, 0, 0, 0, false, 0],
      ['probe', 0, 10, 5, 5, false, 10],
      ['probe', 0, 10, 9, 9, true, 9],
      ['probe', 0, 2, 1, 1, true, 1],
      ['probe', 0, 1, 0, 0, true, 1],
      ['probe', 0, 10, 9, 2, true, 3],
      ['probe', 0, 10, 9, 0, true, 1],
      ['probe', 6, 10, 9, 2, true, 7],
    ]
    for (const [state, match, next, rejected, hint, counts, after] of cases) {
      const what = `${state} match=${match} next=${next}: rejected ${rejected} with hint ${hint}`
      it(`${what} ${counts ? `goes back to ${after}` : 'is stale'}`, () => {
        const progress = progressWith({ state, match, next })
        expect(reject(progress, rejected, hint)).to.equal(counts)
        expect(progress.next).to.equal(after)
        expect(progress.match).to.equal(match)
      })
    }

    it('never sets next at or below match (raft#149)', () => {
      const progress = progressWith({ state: 'probe', match: 4, next: 6 })
      reject(progress, 5, 1)
      expect(progress.next).to.be.greaterThan(progress.match)
    })

    it('forgets a commit index that cannot have arrived', () => {
      const progress = progressWith({ state: 'replicate', match: 5, next: 10, sentCommit: 9 })
      reject(progress, 9, 9)
      expect(progress.sentCommit).to.equal(5)
    })

    it('unpauses a probe when the rejection is genuine, and only then', () => {
      const stale = progressWith({ state: 'probe', next: 10, paused: true })
      reject(stale, 3, 3)
      expect(stale.paused).to.equal(true)
      const genuine = progressWith({ state: 'probe', next: 10, paused: true })
      reject(genuine, 9, 3)
      expect(genuine.paused).to.equal(false)
    })
  })

  describe('acknowledgements', () => {
    it('ignores what is known, and keeps match below next', () => {
      const progress = progressWith({ state: 'replicate', match: 5, next: 7, paused: true })
      expect(acknowledge(progress, 5)).to.equal(false)
      expect(acknowledge(progress, 4)).to.equal(false)
      expect(progress.match).to.equal(5)
      expect(progress.paused).to.equal(true)
      expect(acknowledge(progress, 6)).to.equal(true)
      expect([progress.match, progress.next]).to.deep.equal([6, 7])
      expect(progress.paused).to.equal(false)
      expect(acknowledge(progress, 20)).to.equal(true)
      expect([progress.match, progress.next]).to.deep.equal([20, 21])
    })
  })

  describe('states', () => {
    it('probes from where the logs are known to agree', () => {
      const progress = progressWith({ state: 'replicate', match: 1, next: 5, sentCommit: 4 })
      becomeProbe(progress)
      expect([progress.state, progress.next, progress.sentCommit]).to.deep.equal(['probe', 2, 1])
    })

    it('probes after a snapshot that is believed to have arrived', () => {
      const progress = progressWith({ match: 1 })
      becomeSnapshot(progress, 10)
      becomeProbe(progress)
      expect([progress.next, progress.pendingSnapshot]).to.deep.equal([11, 0])
    })

    it('probes before a snapshot that failed', () => {
      const progress = progressWith({ match: 1 })
      becomeSnapshot(progress, 10)
      progress.pendingSnapshot = 0
      becomeProbe(progress)
      expect(progress.next).to.equal(2)
    })

    it('sends nothing while a snapshot is under way', () => {
      const progress = progressWith({ match: 1 })
      becomeSnapshot(progress, 10)
      expect([progress.next, progress.sentCommit]).to.deep.equal([11, 10])
      expect(isPaused(progress)).to.equal(true)
      expect(() => sentEntries(progress, 1, 1)).to.throw(InvariantViolation)
    })

    it('pauses a probe after entries, but not after an empty append', () => {
      const progress = progressWith({ state: 'probe', next: 3 })
      sentEntries(progress, 0, 0)
      expect(isPaused(progress)).to.equal(false)
      sentEntries(progress, 2, 10)
      expect(isPaused(progress)).to.equal(true)
      expect(progress.next).to.equal(3)
    })

    it('streams until the window is full', () => {
      const progress = progressWith({ match: 1 })
      becomeReplicate(progress)
      for (let sent = 0; sent < 3; sent++) {
        expect(isPaused(progress)).to.equal(false)
        sentEntries(progress, 2, 10)
      }
      expect(isPaused(progress)).to.equal(true)
      expect(progress.next).to.equal(8)
    })
  })

  describe('commit index under way', () => {
    const cases: readonly (readonly [number, number, number, boolean])[] = [
      [5, 10, 6, true],
      [5, 10, 5, false],
      [9, 10, 12, false],
      [12, 10, 13, false],
    ]
    for (const [sentCommit, next, commit, worth] of cases) {
      it(`sent ${sentCommit}, next ${next}: ${commit} is ${worth ? 'worth' : 'not worth'} a message`, () => {
        expect(canBumpCommit(progressWith({ sentCommit, next }), commit)).to.equal(worth)
      })
    }
  })
})
