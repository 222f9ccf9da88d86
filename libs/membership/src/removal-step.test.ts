import {
  applyCommand,
  DEFAULT_TOPIC_CONFIG,
  EMPTY_METADATA,
  type ClusterMetadata,
  type MetadataCommand,
} from '@walrus/core'
import { expect } from 'chai'
import type { ClusterView } from './admission-step.js'
import { halfRemoved, nextRemovalStep } from './removal-step.js'

function upsert(id: number): MetadataCommand {
  const node = {
    id,
    address: `h:${id}`,
    identity: `node-${id}`,
    role: 'voter',
    draining: false,
  } as const
  return { kind: 'UpsertNode', node }
}

function view(commands: readonly MetadataCommand[], voters: readonly number[]): ClusterView {
  const metadata = commands.reduce<ClusterMetadata>((state, one) => applyCommand(state, one).state, EMPTY_METADATA)
  return { clusterId: 'blue', metadata, voters, learners: [] }
}

describe('taking a node out', () => {
  const both = [upsert(1), upsert(2)]
  const gone: readonly MetadataCommand[] = [...both, { kind: 'RemoveNode', id: 2 }]

  it('goes from node to member to neither, one step at a time', () => {
    expect(nextRemovalStep(view(both, [1, 2]), 2)).to.deep.equal({ kind: 'remove-node' })
    expect(nextRemovalStep(view(gone, [1, 2]), 2)).to.deep.equal({ kind: 'remove-member' })
    expect(nextRemovalStep(view(gone, [1]), 2)).to.deep.equal({ kind: 'done' })
  })

  it('is seen to be half done', () => {
    expect(halfRemoved(view(gone, [1, 2]))).to.deep.equal([2])
    expect(halfRemoved(view(gone, [1]))).to.deep.equal([])
    expect(halfRemoved(view(both, [1, 2]))).to.deep.equal([])
  })

  it('refuses a node that holds replicas, and changes nothing', () => {
    const held: MetadataCommand = {
      kind: 'CreateTopic',
      topic: 'logs',
      config: DEFAULT_TOPIC_CONFIG,
      leader: 1,
      replicas: [1, 2],
    }
    expect(nextRemovalStep(view([...both, held], [1, 2]), 2)).to.deep.equal({
      kind: 'refuse',
      code: 'NODE_IN_USE',
      reason: 'it holds replicas of 1 segments: drain it first',
    })
  })

  it('refuses the only voter, and a node that nobody knows', () => {
    expect(nextRemovalStep(view([upsert(1)], [1]), 1)).to.deep.include({
      code: 'NODE_IN_USE',
      reason: 'it is the only voter',
    })
    expect(nextRemovalStep(view(both, [1, 2]), 9)).to.deep.include({
      code: 'INVALID_ARGUMENT',
      reason: 'the cluster does not know it',
    })
  })
})
