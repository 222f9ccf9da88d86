import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { assert, ERROR_CODES, reasonOf, WalrusError } from './errors.js'

describe('errors', () => {
  it('has one heading per code in docs/errors.md, and no other', () => {
    const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
    const headings = [...page.matchAll(/^## `?([^`\n]+)`?$/gm)].map((match) => match[1])
    expect(headings).to.deep.equal([...ERROR_CODES])
  })

  it('lists each code once, in alphabetical order', () => {
    expect([...new Set(ERROR_CODES)].sort()).to.deep.equal([...ERROR_CODES])
  })

  it('carries code, message and cause', () => {
    const cause = new Error('EIO')
    const error = new WalrusError('IO_FAILED', 'Cannot read "a": EIO', cause)
    expect(error).to.include({ name: 'WalrusError', code: 'IO_FAILED', message: 'Cannot read "a": EIO', cause })
    expect(new WalrusError('IO_FAILED', 'x')).to.not.have.property('cause')
  })

  it('gives the reason of whatever was thrown', () => {
    expect(reasonOf(new Error('no space'))).to.equal('no space')
    expect(reasonOf(42)).to.equal('42')
  })

  it('stops at a broken invariant and names it', () => {
    expect(() => assert(false, 'counts add up')).to.throw('Invariant broken: counts add up')
    expect(() => assert(true, 'counts add up')).to.not.throw()
  })
})
