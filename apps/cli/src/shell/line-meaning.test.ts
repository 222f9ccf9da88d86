import { expect } from 'chai'
import { meaningOf } from './line-meaning.js'

describe('meaningOf', () => {
  it('skips blank lines', () => {
    for (const line of ['', ' ', '\t \r']) expect(meaningOf(Buffer.from(line))).to.deep.equal({ kind: 'blank' })
  })

  it('leaves on exit, quit and q, in any case', () => {
    for (const line of ['exit', ' QUIT ', 'q']) expect(meaningOf(Buffer.from(line))).to.deep.equal({ kind: 'leave' })
  })

  it('writes known verbs in upper case and leaves everything else as it is typed', () => {
    expect(sent('register logs')).to.equal('REGISTER logs')
    expect(sent('Put logs "Hello  world"')).to.equal('PUT logs "Hello  world"')
    expect(sent('metrics')).to.equal('METRICS')
    expect(sent('fetch logs 1')).to.equal('fetch logs 1')
    expect(sent('put:logs')).to.equal('put:logs')
  })

  it('keeps the blanks of an entry, and drops those around the rest', () => {
    expect(sent('  put logs  a b \t')).to.equal('PUT logs  a b \t')
    expect(sent('PUT logs ')).to.equal('PUT logs ')
    expect(sent('  get logs \t')).to.equal('GET logs')
  })

  it('keeps every byte of an entry', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const meaning = meaningOf(Buffer.concat([Buffer.from('put t '), bytes]))
    expect(meaning).to.deep.equal({ kind: 'command', request: Buffer.concat([Buffer.from('PUT t '), bytes]) })
  })
})

function sent(line: string): string {
  const meaning = meaningOf(Buffer.from(line))
  if (meaning.kind !== 'command') throw new Error(`not a command: ${meaning.kind}`)
  return meaning.request.toString()
}
