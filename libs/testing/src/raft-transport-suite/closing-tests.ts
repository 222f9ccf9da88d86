import { expect } from 'chai'
import { markedHeartbeat, snapshotMessage } from '../every-raft-message.js'
import { introduce, type Fixture } from './fixture.js'

export function closingTests(fixture: Fixture): void {
  it('closes more than once, and tells nothing after', async () => {
    const [one, two] = await fixture.openPair()
    const three = await fixture.open(3)
    introduce(one, two, three)
    await fixture.connect(one, two)
    await Promise.all([two.transport.close(), two.transport.close()])
    await two.transport.close()
    const told = two.heard.messages.length + two.heard.unreachable.length
    one.transport.send(markedHeartbeat(1, 2, fixture.nextMark()))
    two.transport.send(markedHeartbeat(2, 1, fixture.nextMark()))
    await fixture.connect(one, three)
    expect(two.heard.messages.length + two.heard.unreachable.length).to.equal(told)
  })

  it('is harmless to use after it was closed', async () => {
    const [one, two] = await fixture.openPair()
    await one.transport.close()
    const before = two.heard.messages.length
    introduce(one, two)
    one.transport.send(markedHeartbeat(1, 2, fixture.nextMark()))
    expect(await one.transport.sendSnapshot(snapshotMessage(1, 2, 1), Uint8Array.of(1))).to.equal(false)
    expect(two.heard.messages.length).to.equal(before)
    expect(two.heard.snapshots).to.deep.equal([])
  })

  it('closes with a snapshot under way, which has then arrived or not', async () => {
    const [one, two] = await fixture.openPair()
    await fixture.connect(one, two)
    const sent = one.transport.sendSnapshot(snapshotMessage(1, 2, 1), new Uint8Array(5_000_000))
    await one.transport.close()
    const arrived = await sent
    if (arrived) expect(two.heard.snapshots).to.have.length(1)
  })
}
