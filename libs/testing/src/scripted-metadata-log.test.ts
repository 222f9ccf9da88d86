import type { MetadataCommand } from '@walrus/core'
import { expect } from 'chai'
import { ScriptedMetadataLog, type ProposalFate } from './scripted-metadata-log.js'
import { metadataLogSuite } from './metadata-log-suite.js'

metadataLogSuite({
  name: 'memory, scripted',
  nodeId: 1,
  place: async () => {
    const disk = { commands: [] }
    return { open: async () => new ScriptedMetadataLog(disk), remove: async () => undefined }
  },
})

describe('scripted metadata log: fates', () => {
  const command: MetadataCommand = {
    kind: 'UpsertNode',
    node: { id: 1, address: 'localhost:6000', role: 'voter', draining: false },
  }

  for (const [fate, version] of [
    ['lost', 0],
    ['applied-unknown', 1],
  ] satisfies [ProposalFate, number][]) {
    it(`tells the proposer nothing of a command that is ${fate}`, async () => {
      const log = new ScriptedMetadataLog(undefined, { fate: () => fate })
      let reason = ''
      await log.propose(command).catch((error: Error) => (reason = error.message))
      expect(reason).to.equal('Cannot propose "UpsertNode": the outcome is not known')
      expect(log.state.version).to.equal(version)
    })
  }

  it('holds a proposal back, and those after it', async () => {
    let release: (fate: ProposalFate) => void = () => undefined
    const held = new Promise<ProposalFate>((resolve) => (release = resolve))
    const log = new ScriptedMetadataLog(undefined, { fate: () => held })
    const both = [log.propose(command), log.propose(command)]
    await new Promise(setImmediate)
    expect(log.state.version).to.equal(0)
    release('decided')
    expect((await Promise.all(both)).map((result) => result.outcome)).to.deep.equal(['applied', 'unchanged'])
  })
})
