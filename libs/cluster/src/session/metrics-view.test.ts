import type { ConsensusStatus } from '@walrus/core'
import { expect } from 'chai'
import { viewMetrics } from './metrics-view.js'

const leading: ConsensusStatus = {
  id: 7,
  role: 'Leader',
  term: 3,
  leader: 7,
  lastLogIndex: 12,
  lastAppliedIndex: 11,
  snapshotIndex: 8,
  voterConfigurations: [[7]],
  addresses: new Map([[7, '127.0.0.1:6007']]),
  replication: new Map([[7, 12]]),
}

describe('metrics view', () => {
  it('has every field of the original, with what a leader knows', () => {
    const leader = { term: 3, node_id: 7 }
    expect(viewMetrics(leading, 1_763_863_320_000)).to.deep.equal({
      running_state: { Ok: null },
      id: 7,
      current_term: 3,
      vote: { leader_id: leader, committed: true },
      last_log_index: 12,
      last_applied: { leader_id: leader, index: 11 },
      snapshot: { leader_id: leader, index: 8 },
      purged: { leader_id: leader, index: 8 },
      state: 'Leader',
      current_leader: 7,
      millis_since_quorum_ack: 0,
      last_quorum_acked: 1_763_863_320_000_000_000,
      membership_config: {
        log_id: null,
        membership: { configs: [[7]], nodes: { 7: { addr: '127.0.0.1:6007' } } },
      },
      heartbeat: { 7: 1_763_863_320_000_000_000 },
      replication: { 7: { leader_id: leader, index: 12 } },
    })
  })

  it('is null where only a leader knows, and where nothing has happened', () => {
    const status = { ...leading, role: 'Follower', leader: null, replication: null, snapshotIndex: 0 } as const
    const view = viewMetrics({ ...status, lastAppliedIndex: 0 }, 0)
    expect(view).to.include({ heartbeat: null, replication: null, snapshot: null, purged: null, last_applied: null })
    expect(view).to.include({ millis_since_quorum_ack: null, last_quorum_acked: null, current_leader: null })
    expect(view.vote.committed).to.equal(false)
  })
})
