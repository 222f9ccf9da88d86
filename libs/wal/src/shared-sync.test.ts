import { expect } from 'chai'
import { SharedSync } from './shared-sync.js'

describe('SharedSync', () => {
  it('lets those who ask during a sync share the next one', async () => {
    const ends: (() => void)[] = []
    const sync = new SharedSync(() => new Promise((resolve) => ends.push(resolve)))
    const first = sync.request()
    const second = sync.request()
    const third = sync.request()
    expect(ends).to.have.length(1)
    ends[0]?.()
    await first
    expect(ends).to.have.length(2)
    ends[1]?.()
    await Promise.all([second, third])
    void sync.request()
    expect(ends).to.have.length(3)
  })

  it('goes on after a failure', async () => {
    let fail = true
    const sync = new SharedSync(async () => {
      if (fail) throw new Error('full')
    })
    const results = await Promise.allSettled([sync.request()])
    expect(results[0]?.status).to.equal('rejected')
    fail = false
    await sync.request()
  })
})
