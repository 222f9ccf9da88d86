import { crc32, decodeControlPayload, readBatchHeader, BATCH_HEADER_BYTES } from '@walrus/protocol'
import { expect } from 'chai'
import { FRAME_BYTES } from '../format/frame.js'
import { thrownCode } from '../harness.test.js'
import { checkCursor, cursorRecords, encodeControlBatch, snapshotRecords } from './control-batch.js'
import { MutableTopicState } from './mutable-topic-state.js'

const state = { cursors: new Map([['shared', 5]]), producers: new Map([[7, 40]]) }

describe('control batch', () => {
  it('carries records and no entries, and leaves room for the frame', () => {
    const bytes = encodeControlBatch(cursorRecords(state.cursors), { nextIndex: 12, timestampMs: 3, epoch: 2 }, crc32)
    const header = readBatchHeader(bytes, FRAME_BYTES, crc32)
    expect(header).to.include({ control: true, entryCount: 0, firstIndex: 12, timestampMs: 3, epoch: 2 })
    expect(decodeControlPayload(bytes.subarray(FRAME_BYTES + BATCH_HEADER_BYTES))).to.deep.equal([
      { kind: 'cursor', name: 'shared', offset: 5 },
    ])
  })

  it('rebuilds the whole state, whatever came before', () => {
    const rebuilt = new MutableTopicState({ cursors: new Map([['gone', 1]]), producers: new Map([[1, 1]]) })
    for (const record of snapshotRecords(state)) rebuilt.apply(record)
    expect([...rebuilt.cursors]).to.deep.equal([['shared', 5]])
    expect([...rebuilt.producers]).to.deep.equal([[7, 40]])
    expect([rebuilt.isEmpty, new MutableTopicState().isEmpty]).to.deep.equal([false, true])
  })

  it('takes the cursors that a record can hold, and no others', () => {
    for (const name of ['a', 'é', 'x'.repeat(255)]) expect(() => checkCursor(name, 0)).not.to.throw()
    for (const name of ['', 'x'.repeat(256), 'żółw', '日'])
      expect(
        thrownCode(() => checkCursor(name, 0)),
        name,
      ).to.equal('INVALID_ARGUMENT')
    for (const offset of [-1, 0.5, NaN, 2 ** 53])
      expect(
        thrownCode(() => checkCursor('shared', offset)),
        String(offset),
      ).to.equal('INVALID_ARGUMENT')
    expect(() => checkCursor('shared', -1)).to.throw('Cannot commit cursor "shared" at -1: not a whole number from 0')
  })
})
