import { expect } from 'chai'
import { parsePeerAddress } from './peer-address.js'

describe('peer address', () => {
  it('is a host and a port', () => {
    expect(parsePeerAddress('127.0.0.1:6000')).to.deep.equal({ host: '127.0.0.1', port: 6000 })
    expect(parsePeerAddress('walrus-1.example:65535')).to.deep.equal({ host: 'walrus-1.example', port: 65535 })
    expect(parsePeerAddress('[::1]:1')).to.deep.equal({ host: '::1', port: 1 })
    expect(parsePeerAddress('[fe80::1%eth0]:1')).to.deep.equal({ host: 'fe80::1%eth0', port: 1 })
  })

  it('is nothing else', () => {
    for (const text of [
      '',
      'host',
      'host:',
      ':1',
      'host:0',
      'host:65536',
      '::1:1',
      'a b:1',
      '[]:1',
      'host:1x',
      'host:-1',
    ]) {
      expect(parsePeerAddress(text), text).to.equal(undefined)
    }
  })
})
