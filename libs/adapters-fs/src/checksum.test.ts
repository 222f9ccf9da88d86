import { expect } from 'chai'
import { nativeChecksum } from './checksum.js'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('native checksum', () => {
  it('is CRC-32 as in IEEE 802.3, unsigned', () => {
    expect(nativeChecksum(bytes('123456789'))).to.equal(0xcbf43926)
    expect(nativeChecksum(bytes(''))).to.equal(0)
    expect(nativeChecksum(bytes('a'))).to.equal(0xe8b7be43)
  })

  it('goes on from what came before', () => {
    expect(nativeChecksum(bytes('56789'), nativeChecksum(bytes('1234')))).to.equal(0xcbf43926)
    expect(nativeChecksum(bytes(''), 0xcbf43926)).to.equal(0xcbf43926)
  })

  it('covers a view, and not the buffer behind it', () => {
    expect(nativeChecksum(bytes('xx123456789yy').subarray(2, 11))).to.equal(0xcbf43926)
  })
})
