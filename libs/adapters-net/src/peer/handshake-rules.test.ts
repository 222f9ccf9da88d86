import type { Hello } from '@walrus/protocol'
import { expect } from 'chai'
import { mistakenPeer, refusalOf } from './handshake-rules.js'

const self = { nodeId: 2, clusterId: 'blue' }
const hello: Hello = { kind: 'hello', purpose: 'raft', nodeId: 1, expectedNodeId: 2, clusterId: 'blue' }

function verdict(changes: Partial<Hello>, as = self): string {
  const refusal = refusalOf({ ...hello, ...changes }, as)
  return refusal === undefined ? 'taken' : `${refusal.cause}: ${refusal.reason}`
}

describe('rules of the handshake', () => {
  it('take a node of the cluster, for every purpose', () => {
    for (const purpose of ['raft', 'bulk', 'request'] as const) expect(verdict({ purpose })).to.equal('taken')
    expect(verdict({ expectedNodeId: 0 })).to.equal('taken')
  })

  it('refuse another cluster, for every purpose', () => {
    for (const purpose of ['raft', 'bulk', 'request'] as const) {
      expect(verdict({ purpose, clusterId: 'red' })).to.equal(
        'cluster: this node is of cluster "blue", not of cluster "red"',
      )
    }
  })

  it('let a node of no cluster ask and be asked, and no more', () => {
    const nobody = { nodeId: 2, clusterId: '' }
    for (const purpose of ['raft', 'bulk'] as const) {
      expect(verdict({ purpose, clusterId: '' }))
        .to.contain('cluster: ')
        .and.contain('not of no cluster')
      expect(verdict({ purpose }, nobody)).to.equal('joining: this node is of no cluster yet')
      expect(verdict({ purpose, clusterId: '' }, nobody)).to.contain('joining: ')
    }
    expect(verdict({ purpose: 'request', clusterId: '' })).to.equal('taken')
    expect(verdict({ purpose: 'request' }, nobody)).to.equal('taken')
    expect(verdict({ purpose: 'request', clusterId: '', nodeId: 0 }, nobody)).to.equal('taken')
  })

  it('refuse who looks for another node, who is this node, and who is nobody', () => {
    expect(verdict({ expectedNodeId: 3 })).to.equal('node: this is node 2, not node 3')
    expect(verdict({ nodeId: 2 })).to.equal('node: this is node 2 itself')
    expect(verdict({ nodeId: 2, purpose: 'request' })).to.equal('node: this is node 2 itself')
    expect(verdict({ nodeId: 2, purpose: 'request', clusterId: '' })).to.equal('taken')
    expect(verdict({ nodeId: 0 })).to.equal('node: a node without an id may only ask')
  })

  it('tell who dials when somebody else answers', () => {
    const welcome = { kind: 'welcome', nodeId: 3, clusterId: 'blue' } as const
    const dial = { purpose: 'raft', nodeId: 3 } as const
    expect(mistakenPeer(welcome, dial, self)).to.equal(undefined)
    expect(mistakenPeer(welcome, { ...dial, nodeId: 0 }, self)).to.equal(undefined)
    expect(mistakenPeer(welcome, { ...dial, nodeId: 4 }, self)).to.deep.equal({
      cause: 'node',
      reason: 'node 3 listens there, not node 4',
    })
    expect(mistakenPeer({ ...welcome, clusterId: 'red' }, dial, self)?.cause).to.equal('cluster')
    expect(mistakenPeer({ ...welcome, clusterId: 'red' }, dial, self)?.reason).to.contain('cluster "red"')
    expect(mistakenPeer({ ...welcome, clusterId: '' }, dial, self)?.reason).to.contain('no cluster')
    expect(mistakenPeer({ ...welcome, clusterId: '' }, { ...dial, purpose: 'request' }, self)).to.equal(undefined)
  })
})
