import { expect } from 'chai'
import { turnsOfTheLoop } from '../harness.test.js'
import { ChangeSignal } from './change-signal.js'

describe('change signal', () => {
  it('lets each call go on when what it waits for is so, and not before', async () => {
    const signal = new ChangeSignal()
    const passed: number[] = []
    let level = 0
    for (const wanted of [0, 1, 2]) void signal.until(() => level >= wanted).then(() => passed.push(wanted))
    await turnsOfTheLoop()
    expect(passed).to.deep.equal([0])
    signal.announce()
    await turnsOfTheLoop()
    expect(passed).to.deep.equal([0])
    level = 2
    signal.announce()
    await turnsOfTheLoop()
    expect(passed).to.deep.equal([0, 1, 2])
  })
})
