import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { raftErrorCodes } from './errors.js'
import { InvariantViolation, violated } from './invariant.js'

describe('errors', () => {
  it('have one line per code in the README, and no other', () => {
    const page = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    const listed = [...page.matchAll(/^[-*] `(RAFT_\w+)`/gm)].map(([, code]) => code)
    expect(listed.sort()).to.deep.equal([...raftErrorCodes, 'RAFT_INVARIANT_VIOLATION'].sort())
  })

  it('of the impossible kind stop whoever meets them, with a code of their own', () => {
    expect(() => violated('entry 3 is missing'))
      .to.throw(InvariantViolation, 'entry 3 is missing')
      .with.property('code', 'RAFT_INVARIANT_VIOLATION')
  })
})
