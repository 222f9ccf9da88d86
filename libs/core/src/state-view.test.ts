import { expect } from 'chai'
import { sampleTopic } from './sample-topic.test.js'
import { viewTopicState } from './state-view.js'

describe('state view', () => {
  it('shows the five fields of the original first, byte for byte as its JSON', () => {
    const json = JSON.stringify(viewTopicState(sampleTopic([10, 10, 'open'])))
    expect(
      json.startsWith(
        '{"current_segment":3,"leader_node":3,"last_sealed_entry_offset":20,"sealed_segments":{"1":10,"2":10},' +
          '"segment_leaders":{"1":1,"2":2,"3":3},',
      ),
    ).to.equal(true)
  })

  it('shows ours beside them', () => {
    expect(viewTopicState(sampleTopic(['open']))).to.deep.equal({
      current_segment: 1,
      leader_node: 1,
      last_sealed_entry_offset: 0,
      sealed_segments: {},
      segment_leaders: { 1: 1 },
      first_offset: 0,
      current_segment_state: 'open',
      current_segment_epoch: 1,
      current_segment_replicas: [1],
      config: {
        segment_entries_max: 1_000_000,
        segment_bytes_max: 1_073_741_824,
        segment_age_ms_max: 0,
        retention_ms: 0,
        retention_bytes: 0,
        replication_factor: 3,
        ack: 'quorum',
      },
    })
  })

  it('counts trimmed entries in, and keeps segments in ascending order', () => {
    const view = viewTopicState(sampleTopic([1, 1, 1, 'recovering'], 9, 70))
    expect(view).to.include({ first_offset: 70, last_sealed_entry_offset: 73, current_segment_state: 'recovering' })
    expect(JSON.stringify(view.segment_leaders)).to.equal('{"9":3,"10":1,"11":2,"12":3}')
  })
})
