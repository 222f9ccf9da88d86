import { crc32 as native } from 'node:zlib'
import { expect } from 'chai'
import { hybridChecksum } from './hybrid-checksum.js'

describe('the checksum of the engine', () => {
  it('is the native one for every length around the threshold, continued or not', () => {
    const bytes = Uint8Array.from({ length: 1100 }, (_, at) => (at * 31) % 251)
    const checksum = hybridChecksum(native)
    for (const length of [0, 1, 60, 511, 512, 513, 1100]) {
      const part = bytes.subarray(0, length)
      expect(checksum(part), `${length} bytes`).to.equal(native(part))
      expect(checksum(part, 0xdeadbeef), `${length} bytes, continued`).to.equal(native(part, 0xdeadbeef))
    }
  })

  it('asks the native one for what is long only', () => {
    const asked: number[] = []
    const checksum = hybridChecksum((bytes) => asked.push(bytes.length))
    checksum(new Uint8Array(511))
    checksum(new Uint8Array(512))
    expect(asked).to.deep.equal([512])
  })
})
