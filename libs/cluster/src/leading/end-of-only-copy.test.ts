import type { MetadataCommand } from '@walrus/core'
import type { FsyncSchedule } from '@walrus/wal'
import { expect } from 'chai'
import { appendRange, bytes, entryNames, turns } from '../node-harness.test.js'
import { PoweredNode } from '../power-harness.test.js'

const SCHEDULES: readonly FsyncSchedule[] = [
  { kind: 'each' },
  { kind: 'interval', milliseconds: 1e6 },
  { kind: 'none' },
]

/** A command that was proposed before a crash may be applied after the restart: what was acknowledged meanwhile must stay. */
describe('the end of an only copy', () => {
  /** What was proposed about the segment, and may yet be applied. */
  let late: MetadataCommand[]
  let isLate: boolean
  let powered: PoweredNode

  beforeEach(() => {
    late = []
    isLate = true
  })
  afterEach(() => powered.close())

  async function start(fsync: FsyncSchedule): Promise<void> {
    powered = new PoweredNode(1, {
      fsync,
      fate: (command) => (isLate && ends(command) ? postponed(command) : 'decided'),
    })
    await powered.start()
    await powered.node.register('logs')
  }

  function postponed(command: MetadataCommand): 'lost' {
    late.push(command)
    return 'lost'
  }

  async function applyLate(): Promise<void> {
    for (const command of late) await powered.metadata.propose(command)
    await settle()
  }

  /** Time passes, for what is tried again. */
  async function settle(): Promise<void> {
    for (let passedMs = 0; passedMs < 2_000; passedMs += 50) {
      powered.clock.advance(50)
      await turns()
    }
  }

  for (const fsync of SCHEDULES) {
    it(`is on the disk before it is proposed (fsync ${fsync.kind})`, async () => {
      await start(fsync)
      appendRange(powered.node, 'logs', 0, 10)
      await settle()
      expect(late).to.have.length.above(0)
      await powered.losePower()
      const next = powered.node.append('logs', bytes('entry-10'))
      await settle()
      expect(powered.storage.segment({ topic: 'logs', segment: 1 })).to.include({ sealed: true, entryCount: 10 })
      expect(next.state).to.equal('pending')
      isLate = false
      await applyLate()
      expect([next.state, next.lastOffset]).to.deep.equal(['committed', 10])
      expect(await powered.stored('logs')).to.deep.equal(entryNames(0, 11))
    })

    it(`is decided under a new epoch where nothing is on the disk that could have one (fsync ${fsync.kind})`, async () => {
      await start(fsync)
      void powered.node.administration.rollTopic('logs').catch(() => undefined)
      await settle()
      expect(late).to.have.length.above(0)
      await powered.losePower()
      isLate = false
      await powered.node.append('logs', bytes('entry-0')).done()
      await applyLate()
      const next = powered.node.append('logs', bytes('entry-1'))
      await settle()
      expect([next.state, next.lastOffset]).to.deep.equal(['committed', 1])
      expect(await powered.stored('logs')).to.deep.equal(entryNames(0, 2))
      expect(powered.errors).to.deep.equal([])
    })
  }
})

function ends({ kind }: MetadataCommand): boolean {
  return kind === 'SealAndRoll' || kind === 'FenceSegment'
}
