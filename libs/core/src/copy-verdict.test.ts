import { expect } from 'chai'
import { decideCopy } from './copy-verdict.js'

const sealed = { entryCount: 8, controlCount: 2, createdEpoch: 4 }
const epoch = 4

describe('a copy of a sealed segment', () => {
  it('is whole when it is as long as the segment, entries and control batches counted', () => {
    expect(decideCopy({ position: 10, epoch, sealed: true }, sealed)).to.equal('whole')
    expect(decideCopy({ position: 10, epoch, sealed: false }, sealed)).to.equal('seal')
  })

  it('is completed when it is shorter, or not there', () => {
    expect(decideCopy({ position: 9, epoch, sealed: false }, sealed)).to.equal('complete')
    expect(decideCopy(undefined, sealed)).to.equal('complete')
  })

  it('gives up what it has more', () => {
    expect(decideCopy({ position: 11, epoch, sealed: false }, sealed)).to.equal('truncate')
  })

  it('need not be there when nobody wrote to the segment', () => {
    expect(decideCopy(undefined, { ...sealed, entryCount: 0, controlCount: 0 })).to.equal('whole')
  })

  it('that is damaged before the end is taken anew, and else needs nothing', () => {
    expect(decideCopy({ epoch: 4, position: 9, sealed: false, damagedFrom: 7 }, sealed)).to.equal('renew')
    expect(decideCopy({ epoch: 4, position: 10, sealed: false, damagedFrom: 8 }, sealed)).to.equal('whole')
  })

  it('that was ended elsewhere is taken anew', () => {
    expect(decideCopy({ position: 9, epoch, sealed: true }, sealed)).to.equal('renew')
    expect(decideCopy({ position: 11, epoch, sealed: true }, sealed)).to.equal('renew')
  })

  it('is of a deleted topic with the same name when it was created under an older epoch, however long it is', () => {
    expect(decideCopy({ position: 10, epoch: 3, sealed: true }, sealed)).to.equal('stranger')
    expect(decideCopy({ position: 9, epoch: 3, sealed: false }, sealed)).to.equal('stranger')
  })
})
