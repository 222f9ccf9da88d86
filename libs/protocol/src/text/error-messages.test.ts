import { expect } from 'chai'
import type { ErrorKind } from './error-messages.js'
import { errorKindOf, frameFaultMessage, timedOutMessage, unknownTopicMessage } from './error-messages.js'

describe('error messages', () => {
  const oversize = { kind: 'oversize', announcedBytes: 20_000_000, maxFrameBytes: 16_777_216 } as const
  const table: readonly (readonly [string, string, ErrorKind])[] = [
    [frameFaultMessage({ kind: 'zero-length' }), 'invalid frame length', 'invalid-frame'],
    [frameFaultMessage(oversize), 'invalid frame length: 20000000 exceeds 16777216', 'invalid-frame'],
    [
      frameFaultMessage({ kind: 'unfinished', timeoutMs: 30_000 }),
      'incomplete frame: its rest did not come within 30000 ms',
      'other',
    ],
    [unknownTopicMessage('logs'), 'unknown topic logs', 'unknown-topic'],
    [timedOutMessage('no leader'), 'timed out: no leader', 'timed-out'],
    ['invalid topic: "": the name is empty', 'invalid topic: "": the name is empty', 'invalid-topic'],
    ['PUT requires a payload', 'PUT requires a payload', 'other'],
    ['', '', 'other'],
  ]
  for (const [message, expected, kind] of table) {
    it(`${JSON.stringify(expected)} is about ${kind}`, () => {
      expect(message).to.equal(expected)
      expect(errorKindOf(message)).to.equal(kind)
    })
  }
})
