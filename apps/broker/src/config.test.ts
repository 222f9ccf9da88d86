import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { readInvocation, type Environment } from './command-line.js'
import { clientAddress, peerAddress, settings, type Config } from './config.js'
import { configurationPage } from './configuration-page.js'
import type { Setting } from './setting.js'

function configOf(words: readonly string[] = [], environment: Environment = {}): Config {
  const invocation = readInvocation(words, environment)
  if (invocation.kind !== 'run') throw new Error(`expected a configuration, got: ${invocation.text}`)
  return invocation.config
}

function refusalOf(words: readonly string[], environment: Environment = {}): string {
  const invocation = readInvocation(words, environment)
  if (invocation.kind !== 'refusal') throw new Error(`expected a refusal, got: ${invocation.kind}`)
  return invocation.text
}

describe('configuration', () => {
  it('runs node 1 on ./data and port 8080, durable, when nothing is said', () => {
    const config = configOf()
    expect(config).to.include({
      nodeId: 1,
      dataDir: './data',
      clientHost: '127.0.0.1',
      clientPort: 8080,
      storage: 'auto',
    })
    expect(config).to.include({ maxFrameBytes: 16_777_216, maxSegmentEntries: 1_000_000, monitorCheckMs: 10_000 })
    expect(config.fsync).to.deep.equal({ kind: 'each' })
    expect(config.raftPort).to.equal(6000)
    expect(peerAddress(config, '127.0.0.1:6000')).to.equal('127.0.0.1:6000')
  })

  it('takes --port as another name of --client-port', () => {
    expect(configOf(['--port', '9091']).clientPort).to.equal(9091)
    expect(configOf(['--client-port', '9092']).clientPort).to.equal(9092)
  })

  it('reads the variables, lets a flag win over them and the first variable over the second', () => {
    const environment = { WALRUS_MAX_SEGMENT_ENTRIES: '10', WALRUS_MONITOR_CHECK_MS: '200', RUST_LOG: 'debug' }
    expect(configOf([], environment)).to.include({ maxSegmentEntries: 10, monitorCheckMs: 200, logLevel: 'debug' })
    expect(configOf(['--max-segment-entries', '20'], environment).maxSegmentEntries).to.equal(20)
    expect(configOf([], { ...environment, WALRUS_LOG_LEVEL: 'warn' }).logLevel).to.equal('warn')
    expect(configOf([], { WALRUS_DISABLE_IO_URING: '' }).disableIoUring).to.equal(true)
  })

  it('reads each of the fsync schedules', () => {
    expect(configOf(['--fsync', 'none']).fsync).to.deep.equal({ kind: 'none' })
    expect(configOf(['--fsync', '60000ms']).fsync).to.deep.equal({ kind: 'interval', milliseconds: 60_000 })
    for (const bad of ['0ms', '60001ms', '5', 'ms', '1.5ms', 'always']) {
      expect(refusalOf(['--fsync', bad])).to.match(new RegExp(`^Cannot use --fsync "${bad}": expected each, `))
    }
  })

  it('advertises the host that others reach it by', () => {
    const words = ['--raft-host', '0.0.0.0', '--raft-port', '6001', '--raft-advertise-host', 'node1.example']
    expect(peerAddress(configOf(words), '0.0.0.0:6001')).to.equal('node1.example:6001')
    expect(peerAddress(configOf(['--raft-host', '::1']), '[::1]:7000')).to.equal('[::1]:7000')
  })

  it('refuses a number that is none or out of its bounds, naming flag or variable, value and bounds', () => {
    expect(refusalOf(['--client-port', '65536'])).to.equal(
      'Cannot use --client-port "65536": expected a whole number (TCP port, 0 to 65535)',
    )
    for (const bad of ['', ' 1', '-1', '0x10', '1e3', '1.0', '99999999999999999999']) {
      expect(refusalOf([`--node-id=${bad}`])).to.contain(`Cannot use --node-id "${bad}": expected a whole number`)
    }
    expect(refusalOf([], { WALRUS_MONITOR_CHECK_MS: '9' })).to.contain('Cannot use WALRUS_MONITOR_CHECK_MS "9"')
    expect(refusalOf([], { WALRUS_MAX_SEGMENT_ENTRIES: '0' })).to.contain('Cannot use WALRUS_MAX_SEGMENT_ENTRIES "0"')
  })

  it('takes any number of members to join, and nothing that is no address', () => {
    expect(configOf().join).to.deep.equal([])
    expect(configOf(['--join', 'a:6001']).join).to.deep.equal(['a:6001'])
    expect(configOf(['--join', 'a:6001, b:6002', '--join', '[::1]:6003']).join).to.deep.equal([
      'a:6001',
      'b:6002',
      '[::1]:6003',
    ])
    for (const bad of ['a', 'a:0', 'a:70000', ':6001', 'a:6001,', 'a b:1']) {
      expect(refusalOf(['--join', bad])).to.match(/^Cannot use --join ".*": expected host:port/)
    }
  })

  it('knows how clients reach it, once it has a port', () => {
    expect(clientAddress(configOf(['--port', '9091']))).to.equal('127.0.0.1:9091')
    expect(clientAddress(configOf(['--port', '0']))).to.equal(undefined)
    expect(clientAddress(configOf(['--port', '0']), '127.0.0.1:7777')).to.equal('127.0.0.1:7777')
    const words = ['--client-host', '0.0.0.0', '--port', '9091']
    expect(clientAddress(configOf(words))).to.equal(`${hostname()}:9091`)
    expect(clientAddress(configOf([...words, '--client-advertise-host', 'node1.example']))).to.equal(
      'node1.example:9091',
    )
  })

  it('says that what comes later is not there yet, instead of pretending', () => {
    expect(refusalOf(['--initial-peer', '127.0.0.1:6002'])).to.contain('start the others with --join')
    expect(refusalOf(['--storage', 'tape'])).to.equal(
      'Cannot use --storage "tape": expected one of auto, uring, mmap, fd, memory',
    )
  })

  it('refuses words that it does not know, in one line', () => {
    for (const words of [['--clientport', '1'], ['start'], ['--node-id'], ['--data-dir', '']]) {
      expect(refusalOf(words)).to.match(/^Cannot [^\n]+$/)
    }
  })

  it('tells every flag and variable, with its default, in --help', () => {
    const help = readInvocation(['--help'], {})
    if (help.kind !== 'answer') throw new Error('expected help')
    const words = help.text.replaceAll(/\s+/g, ' ')
    for (const setting of Object.values<Setting<unknown>>(settings)) {
      if (setting.flags !== undefined) expect(words).to.contain(setting.flags)
      if (setting.fallback !== undefined) expect(words).to.contain(`${setting.accepts}; default: ${setting.fallback}`)
      for (const variable of setting.variables) expect(words).to.contain(variable)
    }
  })

  it('is documented in docs/configuration.md as it is (node apps/broker/bin/write-configuration-page.js writes it)', () => {
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
    expect(page).to.equal(configurationPage())
  })
})
