import { expect } from 'chai'
import { constants } from 'node:os'
import type { RingAddon } from './ring-addon.js'
import { Ring } from './ring.js'
import { openRing } from './testing/open-ring.js'
import { runWithoutRing } from './testing/run-program.js'
import { makeRing, probeUring, threadRing } from './thread-ring.js'

const { ENOSYS, EPERM, EMFILE } = constants.errno

describe('the ring of a thread', () => {
  it('is one and the same', () => {
    expect(threadRing()).to.equal(threadRing())
    expect(probeUring()).to.deep.equal(probeUring())
  })

  it('is refused in words where the native part is missing', () => {
    expect(makeRing({ reason: 'its native part is not built' })).to.deep.equal({
      reason: 'its native part is not built',
    })
  })

  it('is refused in words where the system refuses it', () => {
    expect(refusal(ENOSYS)).to.contain('older than Linux 5.6 (ENOSYS)')
    expect(refusal(EPERM)).to.contain('kernel.io_uring_disabled or a seccomp filter (EPERM)')
    expect(refusal(EMFILE)).to.equal('the system makes no ring: too many open files (EMFILE)')
  })

  if (openRing !== undefined) {
    for (const [errno, words] of [
      [EPERM, 'a seccomp filter (EPERM)'],
      [ENOSYS, 'older than Linux 5.6 (ENOSYS)'],
    ] as const) {
      it(`is refused where a filter stands before the system, with ${words}`, async () => {
        const { code, output, errors } = await runWithoutRing(errno, 'probe-program')
        const { probe, thrown } = JSON.parse(output) as { probe: { reason: string }; thrown: string }
        expect({ code, errors }).to.deep.equal({ code: 0, errors: '' })
        expect(probe).to.have.property('available', false)
        expect(probe.reason).to.contain(words)
        expect(thrown).to.equal(`WalrusError: Cannot open "nowhere" with io_uring: ${probe.reason}`)
      })
    }
  }
})

function refusal(errno: number): string {
  const ring = makeRing({ open: () => -errno } as unknown as RingAddon)
  return ring instanceof Ring ? 'no refusal' : ring.reason
}
