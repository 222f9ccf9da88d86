import { expect } from 'chai'
import type { Run } from '../blocks/run.js'
import { zerosBehind } from './fill-ahead.js'

const KIBIBYTE = 1024

function run(capacityBytes = 1024 * KIBIBYTE): Run {
  return { writtenBytes: 0, capacityBytes } as Run
}

describe('zeros behind a small durable write', () => {
  it('reach to the next step, and are written once', () => {
    const of = run()
    expect(zerosBehind(of, 100, 100)?.length).to.equal(64 * KIBIBYTE - 100)
    expect(zerosBehind(of, 200, 100), 'the next write is inside').to.equal(undefined)
    expect(zerosBehind(of, 64 * KIBIBYTE + 1, 100)?.length).to.equal(64 * KIBIBYTE - 1)
  })

  it('are nothing but zeros', () => {
    expect(zerosBehind(run(), 1, 1)?.every((byte) => byte === 0)).to.equal(true)
  })

  it('end with the run', () => {
    expect(zerosBehind(run(4096), 100, 100)?.length).to.equal(3996)
    expect(zerosBehind(run(4096), 4096, 100)).to.equal(undefined)
  })

  it('are left out behind a large write, and where a step ends anyway', () => {
    expect(zerosBehind(run(), 100 * KIBIBYTE, 100 * KIBIBYTE)).to.equal(undefined)
    expect(zerosBehind(run(), 64 * KIBIBYTE, 100)).to.equal(undefined)
  })
})
