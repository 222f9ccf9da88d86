import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Load, LoadReport } from './member-messages.js'
import { Members } from './members.js'

/** `RAFT_MEMBERS_SCALE=20` makes the loads so many times as long. */
const scale = Number(process.env['RAFT_MEMBERS_SCALE'] ?? 1)

describe('Raft members, each a process', function () {
  this.timeout(60_000 * scale)
  let members: Members

  afterEach(() => members.dispose())

  async function start(ids: readonly number[], bounds = {}): Promise<void> {
    members = await Members.start(await mkdtemp(join(tmpdir(), 'walrus-members-')), ids, bounds)
  }

  function load(name: string, count: number): Load {
    return { name, count: count * scale, width: 64, from: 1 }
  }

  /** All hold the same, and of each topic what was acknowledged last or something later. */
  async function expectNothingLost(reports: readonly LoadReport[]): Promise<void> {
    const views = await members.look()
    expect(new Set(views.map(({ digest }) => digest)).size, 'different states').to.equal(1)
    for (const { newest } of reports) {
      for (const [topic, number] of Object.entries(newest)) {
        expect(views[0]?.numbers[topic], topic).to.be.at.least(number)
      }
    }
  }

  it('lose nothing of 5,000 proposals while leader and follower are killed, twice in a row', async () => {
    await start([1, 2, 3])
    const reports: LoadReport[] = []
    for (const [round, victimOf] of (['leader', 'follower', 'leader', 'follower'] as const).entries()) {
      const leader = await members.leader()
      const victim = victimOf === 'leader' ? leader : (members.ids.find((id) => id !== leader) ?? 0)
      const loads = members.ids.map((id) => members.get(id).propose(load(`r${round}-n${id}`, 420)))
      const settled = Promise.allSettled(loads)
      await members.get(victim).look()
      await members.kill(victim)
      for (const outcome of await settled) if (outcome.status === 'fulfilled') reports.push(outcome.value)
      await members.start(victim)
    }
    expect(reports).to.have.length.at.least(8)
    expect(reports.reduce((sum, { applied }) => sum + applied, 0)).to.be.at.least(2_000)
    await expectNothingLost(reports)
  })

  it('give a follower that was away for long a snapshot', async () => {
    await start([1, 2, 3], { snapshotLogBytesMin: 65_536, trailingEntryCount: 50 })
    const leader = await members.leader()
    const away = members.ids.find((id) => id !== leader) ?? 0
    const { lastAppliedIndex } = (await members.get(away).look()).status
    await members.kill(away)
    const report = await members.get(leader).propose(load('meanwhile', 3_000))
    const { purgedIndex } = (await members.get(leader).look()).status
    expect(purgedIndex, 'what it lacks is in no log').to.be.above(lastAppliedIndex)
    await members.start(away)
    expect((await members.get(away).look()).status.snapshotIndex).to.be.at.least(purgedIndex)
    await expectNothingLost([report])
  })

  it('hold 21,000 commands through compaction and a restart of all, and a new one gets them', async () => {
    await start([1, 2, 3], { snapshotLogBytesMin: 500_000, trailingEntryCount: 500 })
    const reports = await Promise.all(members.ids.map((id) => members.get(id).propose(load(`n${id}`, 7_000))))
    for (const { applied } of reports) expect(applied).to.equal(7_000 * scale)
    const [before] = await members.look()
    expect(before?.version).to.be.above(21_000 * scale)
    expect(before?.status.purgedIndex).to.be.above(10_000 * scale)
    const ids = members.ids
    await members.kill()
    await Promise.all(ids.map((id) => members.start(id)))
    await members.start(4)
    await expectNothingLost(reports)
    const views = await members.look()
    expect(views.map(({ status }) => status.voterConfigurations)).to.deep.equal(views.map(() => [[1, 2, 3, 4]]))
  })
})
