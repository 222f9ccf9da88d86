import { expect } from 'chai'
import { snapshotMessage, markedHeartbeat } from '../every-raft-message.js'
import { seededRandom } from '../seeded-random.js'
import { until, type Fixture } from './fixture.js'

export function snapshotTests(fixture: Fixture): void {
  for (const sizeBytes of [0, 1, 1000, 3_000_001]) {
    it(`carries a snapshot of ${sizeBytes} bytes beside its message`, async () => {
      const [one, two] = await fixture.openPair()
      await fixture.connect(one, two)
      const message = snapshotMessage(1, 2, 7)
      const data = randomBytes(sizeBytes)
      expect(await one.transport.sendSnapshot(message, data)).to.equal(true)
      expect(two.heard.snapshots).to.have.length(1)
      const [arrived] = two.heard.snapshots
      expect(arrived?.message).to.deep.equal(message)
      expect(Buffer.compare(arrived?.data ?? randomBytes(1), data)).to.equal(0)
      expect(two.heard.messages.filter(({ type }) => type === 'Snapshot')).to.deep.equal([])
    })
  }

  it('carries several snapshots, and messages meanwhile', async () => {
    const [one, two] = await fixture.openPair()
    await fixture.connect(one, two)
    const sizes = [2_000_000, 10, 500_000]
    const sent = sizes.map((size, at) => one.transport.sendSnapshot(snapshotMessage(1, 2, at), randomBytes(size)))
    const mark = fixture.nextMark()
    await until(
      () => two.heard.marksFrom(1).includes(mark),
      () => one.transport.send(markedHeartbeat(1, 2, mark)),
    )
    expect(await Promise.all(sent)).to.deep.equal([true, true, true])
    const arrived = two.heard.snapshots.map(({ message, data }) => [message.snapshot?.index, data.length])
    expect(arrived.sort()).to.deep.equal([...sizes.entries()])
  })

  it('says that a snapshot has not arrived at a node that is not known', async () => {
    const one = await fixture.open(1)
    expect(await one.transport.sendSnapshot(snapshotMessage(1, 2, 7), randomBytes(10))).to.equal(false)
  })

  it('says that a snapshot has not arrived at a node that is gone', async () => {
    const [one, two] = await fixture.openPair()
    await two.transport.close()
    expect(await one.transport.sendSnapshot(snapshotMessage(1, 2, 7), randomBytes(10))).to.equal(false)
  })
}

function randomBytes(count: number): Uint8Array {
  const random = seededRandom(count)
  return new Uint8Array(count).map(() => random() * 256)
}
