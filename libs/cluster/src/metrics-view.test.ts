import type { ConsensusStatus } from '@walrus/core'
import { expect } from 'chai'
import { viewMetrics } from './metrics-view.js'

const leading: ConsensusStatus = {
  id: 7,
  role: 'Leader',
  term: 3,
  leader: 7,
  vote: 7,
  lastLogIndex: 12,
  lastAppliedIndex: 11,
  lastAppliedTerm: 3,
  snapshotIndex: 8,
  snapshotTerm: 2,
  purgedIndex: 4,
  purgedTerm: 1,
  voterConfigurations: [[7]],
  learners: [],
  membershipEntry: null,
  addresses: new Map([[7, '127.0.0.1:6007']]),
  replication: new Map([[7, 12]]),
  leaderSilenceMs: 0,
  silenceMs: new Map([[7, 0]]),
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
      snapshot: { leader_id: { term: 2, node_id: 7 }, index: 8 },
      purged: { leader_id: { term: 1, node_id: 7 }, index: 4 },
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
    const status = { ...leading, role: 'Follower', leader: null, replication: null, silenceMs: null } as const
    const view = viewMetrics({ ...status, lastAppliedIndex: 0, snapshotIndex: 0, purgedIndex: 0 }, 0)
    expect(view).to.include({ heartbeat: null, replication: null, snapshot: null, purged: null, last_applied: null })
    expect(view).to.include({ millis_since_quorum_ack: null, last_quorum_acked: null, current_leader: null })
    expect(view.vote.committed).to.equal(false)
  })

  it('tells when a majority was heard from last, and of both configurations while the membership changes', () => {
    const silenceMs = new Map([
      [7, 0],
      [8, 40],
      [9, 90_000],
    ])
    const replication = new Map([
      [7, 12],
      [8, 11],
      [9, 0],
    ])
    const three = viewMetrics({ ...leading, voterConfigurations: [[7, 8, 9]], silenceMs, replication }, 100_000)
    expect(three.millis_since_quorum_ack).to.equal(40)
    expect(three.last_quorum_acked).to.equal(99_960_000_000)
    expect(three.heartbeat).to.deep.equal({ 7: 100_000_000_000, 8: 99_960_000_000, 9: 10_000_000_000 })
    expect(three.replication).to.have.property('9', null)
    const joint = viewMetrics(
      {
        ...leading,
        voterConfigurations: [
          [7, 8, 9],
          [7, 9],
        ],
        silenceMs,
        replication,
      },
      100_000,
    )
    expect(joint.millis_since_quorum_ack).to.equal(90_000)
    expect(joint.membership_config.membership.configs).to.deep.equal([
      [7, 8, 9],
      [7, 9],
    ])
  })

  it('names the entry that changed the membership last', () => {
    const { membership_config } = viewMetrics({ ...leading, membershipEntry: { index: 9, term: 3 } }, 0)
    expect(membership_config.log_id).to.deep.equal({ leader_id: { term: 3, node_id: 7 }, index: 9 })
  })
})
