import { expect } from 'chai'
import { readInvocation } from './command-line.js'
import { readyLine } from './ready-line.js'

function lineOf(words: readonly string[], address = '127.0.0.1:8080'): string {
  const invocation = readInvocation(words, {})
  if (invocation.kind !== 'run') throw new Error(invocation.text)
  const { config } = invocation
  const storage = config.storage === 'auto' ? 'fd' : config.storage
  return readyLine(config, { clientAddress: address, storage, directory: '/data/node_1' })
}

describe('ready line', () => {
  it('names node, address, storage, durability and the way to talk to it', () => {
    expect(lineOf([])).to.equal(
      'Walrus node 1 is ready: clients on 127.0.0.1:8080, storage fd in /data/node_1, acknowledged after fsync. ' +
        'Talk to it: npx walrus-cli --addr 127.0.0.1:8080',
    )
  })

  it('does not claim more durability than there is', () => {
    expect(lineOf(['--fsync', '5ms'])).to.contain('acknowledged after write, fsync every 5 ms')
    expect(lineOf(['--fsync', 'none'])).to.contain('acknowledged after write, no fsync')
    expect(lineOf(['--storage', 'mmap'])).to.contain('storage mmap in /data/node_1')
    expect(lineOf(['--storage', 'memory'])).to.contain('storage memory, nothing is kept when it stops')
  })

  it('gives an address that can be connected to', () => {
    expect(lineOf([], '0.0.0.0:9091')).to.match(/clients on 0\.0\.0\.0:9091, .* --addr 127\.0\.0\.1:9091$/)
    expect(lineOf([], '[::]:9091')).to.match(/--addr \[::1\]:9091$/)
  })
})
