import { expect } from 'chai'
import { CallsInFlight, type Call } from './calls-in-flight.js'

describe('CallsInFlight', () => {
  it('gives the calls back oldest first, however many there were', () => {
    const calls = new CallsInFlight()
    const seen: number[] = []
    for (let round = 0; round < 3; round += 1) {
      for (let id = 0; id < 5000; id += 1) calls.push(call(id))
      for (let id = 0; id < 4000; id += 1) seen.push(calls.shift()!.deadlineMs)
    }
    expect(calls.size).to.equal(3000)
    while (calls.size > 0) seen.push(calls.shift()!.deadlineMs)
    const round = Array.from({ length: 5000 }, (_, id) => id)
    expect(seen).to.deep.equal([...round, ...round, ...round])
    expect(calls.oldest).to.equal(undefined)
    expect(calls.shift()).to.equal(undefined)
  })

  it('rejects the oldest for its own reason and the others because of it', () => {
    const calls = new CallsInFlight()
    const reasons: string[] = []
    for (let id = 0; id < 4; id += 1) calls.push(call(id, (error) => reasons.push(`${id} ${error.message}`)))
    calls.shift()
    calls.rejectAll(new Error('late'), new Error('behind'))
    expect(reasons).to.deep.equal(['1 late', '2 behind', '3 behind'])
    expect(calls.size).to.equal(0)
  })
})

function call(id: number, reject: (error: Error) => void = () => undefined): Call {
  return { deadlineMs: id, settle: () => undefined, reject }
}
