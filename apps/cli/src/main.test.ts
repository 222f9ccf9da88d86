import { ScriptedBroker } from '@walrus/client/testing'
import { expect } from 'chai'
import { walrusCli, type Outcome } from './run-program.test.js'

describe('walrus-cli', () => {
  let broker: ScriptedBroker
  let replies: Record<string, string | Uint8Array>

  beforeEach(async () => {
    replies = {}
    broker = await ScriptedBroker.listen((request) => replies[request.toString('latin1')] ?? 'ERR unknown command')
  })

  afterEach(() => broker.close())

  function run(...args: readonly string[]): Promise<Outcome> {
    return walrusCli(['--addr', broker.address, ...args])
  }

  function pipe(input: string | Uint8Array, ...args: readonly string[]): Promise<Outcome> {
    return walrusCli(['--addr', broker.address, ...args], input)
  }

  function silent(outcome: Outcome): void {
    expect(outcome).to.deep.equal({ exitCode: 0, output: Buffer.alloc(0), errors: '' })
  }

  function printed(outcome: Outcome, output: string | Uint8Array): void {
    expect(outcome).to.deep.equal({ exitCode: 0, output: Buffer.from(output), errors: '' })
  }

  function failed(outcome: Outcome, exitCode: number, errors: string): void {
    expect(outcome).to.deep.equal({ exitCode, output: Buffer.alloc(0), errors })
  }

  describe('register and put', () => {
    it('print nothing when it is done', async () => {
      replies = { 'REGISTER logs': 'OK', 'PUT logs hello  world ': 'OK' }
      silent(await run('register', 'logs'))
      silent(await run('put', 'logs', 'hello  world '))
      expect(broker.requests).to.deep.equal(Object.keys(replies))
    })

    it('send text as UTF-8, an empty entry, and one that begins with a dash', async () => {
      broker.requests.length = 0
      await run('put', 'logs', 'Käse 🦭')
      await run('put', 'logs', '')
      await run('put', 'logs', '--', '--flag')
      expect(broker.requests).to.deep.equal(['PUT logs Käse 🦭', 'PUT logs ', 'PUT logs --flag'])
    })

    it('take an entry from standard input byte for byte', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      replies = { [`PUT logs ${bytes.toString('latin1')}\n`]: 'OK' }
      silent(await pipe(Buffer.concat([bytes, Buffer.from('\n')]), 'put', 'logs', '-'))
    })

    it('take an entry of some megabytes', async () => {
      const big = Buffer.alloc(5 << 20, 'x')
      replies = { [`PUT logs ${big.toString()}`]: 'OK' }
      silent(await pipe(big, 'put', 'logs', '-'))
    })
  })

  describe('get', () => {
    it("prints the entry's bytes and nothing else into a pipe", async () => {
      const bytes = Buffer.from([0x00, 0xff, 0x0a, 0x80])
      replies = { 'GET logs': Buffer.concat([Buffer.from('OK '), bytes]) }
      printed(await run('get', 'logs'), bytes)
    })

    it('prints EMPTY when there is no more', async () => {
      replies = { 'GET logs': 'EMPTY' }
      printed(await run('get', 'logs'), 'EMPTY\n')
    })
  })

  describe('state and metrics', () => {
    it('print the JSON as it comes', async () => {
      replies = { 'STATE logs': '{"current_segment":1}', METRICS: '{\n  "id": 1\n}' }
      printed(await run('state', 'logs'), '{"current_segment":1}\n')
      printed(await run('metrics'), '{\n  "id": 1\n}\n')
    })
  })

  describe('what went wrong', () => {
    it('is what the broker says, on standard error, with exit code 1', async () => {
      const reply = 'ERR unknown topic nope'
      replies = { 'PUT nope x': reply, 'GET nope': reply, 'STATE nope': reply }
      failed(await run('put', 'nope', 'x'), 1, 'Error: ERR unknown topic nope\n')
      failed(await run('get', 'nope'), 1, 'Error: ERR unknown topic nope\n')
      failed(await run('state', 'nope'), 1, 'Error: ERR unknown topic nope\n')
    })

    it('is a name that no broker takes, before anything is sent', async () => {
      const outcome = await run('register', 'two words')
      expect(outcome.exitCode).to.equal(1)
      expect(outcome.errors).to.match(/^Error: .*"two words".*\n$/)
      expect(broker.requests).to.deep.equal([])
    })

    it('is a broker that is not there, or says nothing in time', async () => {
      const silentBroker = await ScriptedBroker.listen(() => undefined)
      const { address } = silentBroker
      const late = await walrusCli(['--addr', address, '--timeout-ms', '50', 'metrics'])
      failed(late, 1, `Error: Cannot read the reply of "${address}": none within 50 ms\n`)
      await silentBroker.close()
      const absent = await walrusCli(['metrics', '--addr', address])
      failed(absent, 1, `Error: Cannot connect to "${address}": connection refused\n`)
    })

    it('is wrong usage, in one line, with exit code 2', async () => {
      const cases: readonly (readonly string[])[] = [
        ['bogus'],
        ['put', 'logs'],
        ['put', 'logs', 'two', 'words'],
        ['put', 'logs', '--flag'],
        ['get'],
        ['metrics', 'more'],
        ['repl', 'more'],
        ['--nope'],
        ['--addr', 'nowhere', 'metrics'],
        ['--addr', 'localhost:0', 'metrics'],
        ['--timeout-ms', 'soon', 'metrics'],
      ]
      for (const args of cases) {
        const { exitCode, output, errors } = await run(...args)
        expect(exitCode, args.join(' ')).to.equal(2)
        expect(output.toString(), args.join(' ')).to.equal('')
        expect(errors, args.join(' ')).to.match(/^Error: [^\n]+\n$/)
      }
      expect(broker.connectionCount).to.equal(0)
    })
  })

  it('explains itself and tells its version', async () => {
    const help = await walrusCli(['--help'])
    expect(help.exitCode).to.equal(0)
    for (const word of ['register', 'put', 'get', 'state', 'metrics', 'repl', '127.0.0.1:8080', 'Exit code']) {
      expect(help.output.toString()).to.include(word)
    }
    const version = await walrusCli(['--version'])
    expect(version.output.toString()).to.match(/^\d+\.\d+\.\d+\n$/)
  })

  describe('the shell in a pipe', () => {
    it('prints the replies in order and nothing else, with no command or with repl', async () => {
      replies = { 'REGISTER logs': 'OK', 'PUT logs "a b" ': 'OK', 'GET logs': 'OK "a b" ', METRICS: '{\n}' }
      const script = 'register logs\n\n  put logs "a b" \r\nGET logs\nmetrics'
      printed(await pipe(script), 'OK\nOK\nOK "a b" \n{\n}\n')
      printed(await pipe(script, 'repl'), 'OK\nOK\nOK "a b" \n{\n}\n')
      expect(broker.connectionCount).to.equal(2)
    })

    it('leaves at exit', async () => {
      replies = { METRICS: '{}' }
      printed(await pipe('METRICS\nQuit\nMETRICS\n'), '{}\n')
    })

    it('goes on after an error of the broker, and tells by the exit code', async () => {
      replies = { METRICS: '{}' }
      const { exitCode, output, errors } = await pipe('GARBAGE\nMETRICS\n')
      expect({ exitCode, output: output.toString(), errors }).to.deep.equal({
        exitCode: 1,
        output: 'ERR unknown command\n{}\n',
        errors: '',
      })
    })

    it('stops at a lost connection, so that nothing is sent out of order', async () => {
      const fragile = await ScriptedBroker.listen((request, socket) => {
        if (request.toString() !== 'PUT logs 2') return 'OK'
        socket.destroy()
        return undefined
      })
      const script = 'PUT logs 1\nPUT logs 2\nPUT logs 3\n'
      const { exitCode, output, errors } = await walrusCli(['--addr', fragile.address], script)
      await fragile.close()
      expect(exitCode).to.equal(1)
      expect(output.toString()).to.equal('OK\n')
      expect(errors).to.match(/^Error: Cannot read the reply of "[^"]+": [^\n]+\n$/)
      expect(fragile.requests).to.deep.equal(['PUT logs 1', 'PUT logs 2'])
    })
  })
})
