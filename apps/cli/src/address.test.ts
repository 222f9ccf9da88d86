import { expect } from 'chai'
import { parseAddress } from './address.js'

describe('parseAddress', () => {
  it('reads names, IPv4 and bracketed IPv6', () => {
    expect(parseAddress('localhost:8080')).to.deep.equal({ host: 'localhost', port: 8080 })
    expect(parseAddress('10.0.0.1:1')).to.deep.equal({ host: '10.0.0.1', port: 1 })
    expect(parseAddress('[::1]:65535')).to.deep.equal({ host: '::1', port: 65_535 })
  })

  it('says what is wrong with anything else', () => {
    for (const text of ['', 'localhost', ':8080', 'localhost:', '::1:8080', 'a b:1', 'localhost:80a', 'a:123456']) {
      expect(parseAddress(text), text).to.equal('expected HOST:PORT')
    }
    for (const text of ['localhost:0', 'localhost:65536']) {
      expect(parseAddress(text), text).to.equal('expected a port from 1 to 65535')
    }
  })
})
