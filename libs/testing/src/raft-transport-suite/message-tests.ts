import { expect } from 'chai'
import { everyRaftMessage, markedHeartbeat } from '../every-raft-message.js'
import { until, type Fixture } from './fixture.js'

export function messageTests(fixture: Fixture): void {
  it('carries every type of message with all of its fields, both ways', async () => {
    const [one, two] = await fixture.openPair()
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
      for (const message of everyRaftMessage(from.nodeId, to.nodeId)) {
        const arrived = () => to.heard.messages.find(({ type }) => type === message.type)
        await until(
          () => arrived() !== undefined,
          () => from.transport.send(message),
        )
        expect(arrived()).to.deep.equal(message)
      }
    }
  })

  it('keeps the order of what is sent while nothing is disturbed', async () => {
    const [one, two] = await fixture.openPair()
    await fixture.connect(one, two)
    const marks = Array.from({ length: 1000 }, () => fixture.nextMark())
    for (const mark of marks) one.transport.send(markedHeartbeat(1, 2, mark))
    const wanted = new Set(marks)
    const arrived = () => two.heard.marksFrom(1).filter((mark) => wanted.has(mark))
    await until(() => arrived().includes(marks.at(-1) ?? 0))
    expect(arrived()).to.deep.equal(marks)
  })

  it('tells nothing from within a call, neither a message nor that one cannot be sent', async () => {
    const [one, two] = await fixture.openPair()
    await fixture.connect(one, two)
    for (const node of [one, two]) node.heard.insideCall = true
    one.transport.send(markedHeartbeat(1, 2, fixture.nextMark()))
    one.transport.send(markedHeartbeat(1, 9, fixture.nextMark()))
    for (const node of [one, two]) node.heard.insideCall = false
    await until(() => one.heard.unreachable.includes(9))
    expect([one.heard.toldInsideCall, two.heard.toldInsideCall]).to.deep.equal([false, false])
  })

  it('lets a node send on while it is told something', async () => {
    const one = await fixture.open(1)
    one.transport.send(markedHeartbeat(1, 7, 1))
    await until(
      () => one.heard.unreachable.length > 2,
      () => one.transport.send(markedHeartbeat(1, 7, 1)),
    )
    expect(new Set(one.heard.unreachable)).to.deep.equal(new Set([7]))
  })
}
