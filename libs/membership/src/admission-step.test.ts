import {
  applyCommand,
  EMPTY_METADATA,
  type ClusterMetadata,
  type MetadataCommand,
  type NodeMetadata,
} from '@walrus/core'
import type { AdmissionRequest } from '@walrus/protocol'
import { expect } from 'chai'
import { nextAdmissionStep, type ClusterView } from './admission-step.js'

const first: NodeMetadata = { id: 1, address: 'a:1', identity: 'one', role: 'voter', draining: false }
const fourth: NodeMetadata = { id: 4, address: 'd:4', identity: 'four', role: 'learner', draining: false }
const request: AdmissionRequest = {
  nodeId: 4,
  identity: 'four',
  clusterId: '',
  address: 'd:4',
  clientAddress: '',
  hasLog: false,
  isForwarded: false,
}

function metadataOf(...commands: readonly (MetadataCommand | NodeMetadata)[]): ClusterMetadata {
  return commands.reduce<ClusterMetadata>((state, one) => {
    return applyCommand(state, 'kind' in one ? one : { kind: 'UpsertNode', node: one }).state
  }, EMPTY_METADATA)
}

function view(metadata: ClusterMetadata, voters = [1], learners: readonly number[] = []): ClusterView {
  return { clusterId: 'blue', metadata, voters, learners }
}

function refusal(metadata: ClusterMetadata, asks: Partial<AdmissionRequest>, voters = [1]): unknown {
  const step = nextAdmissionStep(view(metadata, voters), { ...request, ...asks })
  return step.kind === 'refuse' ? step.reason : step.kind
}

describe('taking a node in', () => {
  it('goes from announced to learner to voter, one step at a time', () => {
    const hasLog = { ...request, hasLog: true }
    expect(nextAdmissionStep(view(metadataOf(first)), request)).to.deep.equal({ kind: 'announce', node: fourth })
    const announced = metadataOf(first, fourth)
    expect(nextAdmissionStep(view(announced), request)).to.deep.equal({ kind: 'add-learner' })
    expect(nextAdmissionStep(view(announced, [1], [4]), request)).to.deep.equal({ kind: 'wait' })
    expect(nextAdmissionStep(view(announced, [1], [4]), hasLog)).to.deep.equal({ kind: 'promote' })
    const voter = { ...fourth, role: 'voter' } as const
    expect(nextAdmissionStep(view(announced, [1, 4]), hasLog)).to.deep.equal({ kind: 'announce', node: voter })
    expect(nextAdmissionStep(view(metadataOf(first, voter), [1, 4]), hasLog)).to.deep.equal({ kind: 'done' })
  })

  it('knows the founder as a voter at once', () => {
    const founder = { ...request, nodeId: 1, identity: 'one', address: 'a:1', hasLog: true, clusterId: 'blue' }
    expect(nextAdmissionStep(view(metadataOf()), founder)).to.deep.equal({ kind: 'announce', node: first })
  })

  it('knows where a node is that has moved, and whether it drains', () => {
    const draining = { ...fourth, role: 'voter', draining: true, clientAddress: 'd:9' } as const
    const known = view(metadataOf(first, draining), [1, 4])
    const moved = { ...request, hasLog: true, address: 'e:5' }
    expect(nextAdmissionStep(known, { ...request, hasLog: true })).to.deep.equal({ kind: 'done' })
    expect(nextAdmissionStep(known, moved)).to.deep.equal({ kind: 'announce', node: { ...draining, address: 'e:5' } })
    expect(nextAdmissionStep(known, { ...moved, clientAddress: 'e:9' }))
      .to.have.nested.property('node.clientAddress')
      .that.equals('e:9')
  })

  it('refuses an id that another node has', () => {
    expect(refusal(metadataOf(first), { nodeId: 1 })).to.equal('the id belongs to another node, at a:1')
  })

  it('refuses an address that another node has', () => {
    expect(refusal(metadataOf(first), { address: 'a:1' })).to.equal('its address a:1 is that of node 1')
  })

  it('refuses a node of another cluster', () => {
    const reason = 'it belongs to cluster "red", and this is cluster "blue"'
    expect(refusal(metadataOf(first), { clusterId: 'red' })).to.equal(reason)
    expect(refusal(metadataOf(first), { clusterId: 'blue' })).to.equal('announce')
  })

  it('refuses a node that was removed, is being removed, or was never there', () => {
    const removed = metadataOf(first, fourth, { kind: 'RemoveNode', id: 4 })
    const reason = 'it was removed, and an id is used once: join with another one'
    expect(refusal(removed, {})).to.equal(reason)
    expect(refusal(removed, { identity: 'another' })).to.equal(reason)
    expect(refusal(metadataOf(first, fourth), { hasLog: true })).to.equal('it is being removed')
    expect(refusal(metadataOf(first), { hasLog: true })).to.equal('it holds a log, and the cluster does not know it')
    expect(refusal(metadataOf(first, fourth), { hasLog: true }, [1, 4])).to.equal('announce')
  })
})
