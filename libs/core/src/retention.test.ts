import { expect } from 'chai'
import fc from 'fast-check'
import { decideTrim, type SealedSize } from './retention.js'

const sealed: readonly SealedSize[] = [
  { segment: 3, sizeBytes: 100, lastAppendMs: 1000 },
  { segment: 4, sizeBytes: 50, lastAppendMs: 2000 },
  { segment: 5, sizeBytes: 100, lastAppendMs: 3000 },
]

describe('retention', () => {
  it('keeps everything where nothing is limited', () => {
    expect(decideTrim(sealed, 10, { retentionMs: 0, retentionBytes: 0 }, 1e12)).to.equal(undefined)
  })

  it('by time gives up segments whose newest entry is too old', () => {
    const trimAt = (wallMs: number): number | undefined =>
      decideTrim(sealed, 0, { retentionMs: 500, retentionBytes: 0 }, wallMs)
    expect([1499, 1500, 2500, 9999].map(trimAt)).to.deep.equal([undefined, 3, 4, 5])
  })

  it('by bytes keeps at least as much as it is told', () => {
    const trimTo = (retentionBytes: number): number | undefined =>
      decideTrim(sealed, 10, { retentionMs: 0, retentionBytes }, 0)
    expect([261, 260, 161, 160, 111, 110, 10, 11].map(trimTo)).to.deep.equal([
      undefined,
      undefined,
      undefined,
      3,
      3,
      4,
      5,
      4,
    ])
  })

  it('never leaves less than the bytes to keep, and never more than one segment above them', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 12 })
    fc.assert(
      fc.property(sizes, fc.nat(1000), fc.integer({ min: 1, max: 5000 }), (list, newerBytes, retentionBytes) => {
        const all = list.map((sizeBytes, at) => ({ segment: at + 1, sizeBytes, lastAppendMs: 0 }))
        const last = decideTrim(all, newerBytes, { retentionMs: 0, retentionBytes }, 0) ?? 0
        const left = all.slice(last)
        const leftBytes = newerBytes + left.reduce((sum, one) => sum + one.sizeBytes, 0)
        if (last > 0) expect(leftBytes).to.be.at.least(retentionBytes)
        const [oldest] = left
        if (oldest !== undefined) expect(leftBytes - oldest.sizeBytes).to.be.below(retentionBytes)
      }),
    )
  })
})
