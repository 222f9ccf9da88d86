import { join } from 'node:path'
import { expect } from 'chai'
import { walrusCli } from '../run-program.test.js'
import { fill, LogFolder } from './log-folder.test.js'

const FILE = '000000000001'
const PAYLOAD = 24 + 64

describe('walrus-cli log', () => {
  let log: LogFolder
  afterEach(() => log.remove())

  async function run(...args: readonly string[]): Promise<{ exitCode: number | null; output: string; errors: string }> {
    const before = await log.hash()
    const { exitCode, output, errors } = await walrusCli(['log', ...args])
    expect(await log.hash(), 'nothing changed').to.equal(before)
    return { exitCode, output: output.toString(), errors }
  }

  describe('inspect', () => {
    beforeEach(async () => {
      log = await LogFolder.make()
      await log.write(async (walrus) => {
        await fill(walrus, 'logs', 30)
        await walrus.append('b', Buffer.from('x'))
        await walrus.readBatch('logs', { maxEntries: 7 })
      })
    })

    it('prints files, segments, blocks and cursors as tables', async () => {
      const { exitCode, output, errors } = await run('inspect', log.path)
      expect({ exitCode, errors }).to.deep.equal({ exitCode: 0, errors: '' })
      const tables = output.trimEnd().split('\n\n')
      const cells = tables.map((table) => table.split('\n').map((line) => line.split(/ +/)))
      expect(cells.map(([head]) => head?.[0])).to.deep.equal(['FILE', 'TOPIC', 'BLOCKS', 'CURSOR'])
      const [files, segments, runs, cursors] = cells.map((table) => table.slice(1))
      expect(files?.[0]?.slice(0, 4)).to.deep.equal([FILE, '61440', '4096', '12'])
      expect(segments?.map((row) => [...row.slice(0, 4), row[9]])).to.deep.equal([
        ['b', '1', '0', '1', 'open'],
        ['logs', '1', '0', '18', 'sealed'],
        ['logs', '2', '18', '12', 'open'],
      ])
      expect(runs).to.have.length((await log.runs('logs')).length + 1)
      expect(cursors).to.deep.equal([['logs', 'shared', '7']])
    })

    it('prints no table of cursors where there are none', async () => {
      const { output } = await run('inspect', log.path, '--topic', 'b')
      expect(output).to.contain('BLOCKS OF').and.not.contain('CURSOR OF')
    })

    it('prints one topic, and its batches', async () => {
      const { output } = await run('inspect', log.path, '--topic', 'logs', '--batches')
      expect(output).not.to.match(/^b /m)
      const lines = output.slice(output.indexOf('BATCH OF')).trimEnd().split('\n').slice(1)
      const batches = await log.batches('logs')
      expect(lines).to.have.length(batches.length)
      const [first] = batches
      const expected = ['logs', '1', '0', '1', '1004', 'entries', String(first!.byte), FILE]
      expect(lines[0]?.split(/ +/).slice(0, 8)).to.deep.equal(expected)
    })

    it('prints one JSON document', async () => {
      for (const options of [[], ['--batches']]) {
        const { exitCode, output } = await run('inspect', log.path, '--json', ...options)
        const { path, files, findings, topics } = JSON.parse(output) as Record<string, Record<string, unknown>[]>
        expect({ exitCode, path, findings }).to.deep.equal({ exitCode: 0, path: log.path, findings: [] })
        expect(files?.[0]).to.include({ name: FILE, fileId: 1, sizeBytes: 61440, blockBytes: 4096, blockCount: 12 })
        expect(topics?.map(({ topic }) => topic)).to.deep.equal(['b', 'logs'])
        const { cursors, segments, runs, batches } = topics?.[1] ?? {}
        expect(cursors).to.deep.equal([{ topic: 'logs', cursor: 'shared', offset: 7 }])
        expect(segments).to.have.length(2)
        expect(runs).to.deep.equal(await log.runs('logs'))
        expect(batches).to.deep.equal(options.length === 0 ? undefined : await log.batches('logs'))
      }
    })

    it('tells what it meets of damage on standard error', async () => {
      await log.flip(FILE, 20)
      const { exitCode, errors } = await run('inspect', log.path)
      expect(errors).to.match(new RegExp(`^DAMAGE file ${FILE} byte 0: its superblock is damaged\n`))
      expect(exitCode).to.equal(0)
    })
  })

  describe('dump', () => {
    const entries = ['hello', 'Käse 🦭', 'two\nlines', '', 'hex:41', Uint8Array.of(0, 255), '\u001b[31mred']
    const bytes = entries.map((entry) => Buffer.from(entry as string))
    beforeEach(async () => {
      log = await LogFolder.make()
      await log.write((walrus) => walrus.appendBatch('logs', bytes))
    })

    it('prints offset, time, bytes, and what can be printed as it is', async () => {
      const { exitCode, output, errors } = await run('dump', log.path, 'logs')
      expect({ exitCode, errors }).to.deep.equal({ exitCode: 0, errors: '' })
      const lines = output.split('\n').map((line) => line.split('  '))
      expect(lines.pop()).to.deep.equal([''])
      expect(lines.map(([offset]) => Number(offset))).to.deep.equal([0, 1, 2, 3, 4, 5, 6])
      for (const [, time] of lines) expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(lines.map((cells) => cells.slice(2))).to.deep.equal([
        ['5', 'hello'],
        ['10', 'Käse 🦭'],
        ['9', 'hex:74776f0a6c696e6573'],
        ['0', ''],
        ['6', 'hex:6865783a3431'],
        ['2', 'hex:00ff'],
        ['8', 'hex:1b5b33316d726564'],
      ])
    })

    it('prints a JSON object a line', async () => {
      const { output } = await run('dump', log.path, 'logs', '--json')
      const objects = output
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      const expected = entries.map((entry, offset) => {
        const isText = typeof entry === 'string'
        return { offset, bytes: bytes[offset]!.length, ...(isText ? { text: entry } : { base64: 'AP8=' }) }
      })
      expect(objects.map(({ timestampMs, ...others }) => ({ isTime: typeof timestampMs, ...others }))).to.deep.equal(
        expected.map((one) => ({ isTime: 'number', ...one })),
      )
    })

    it('prints the exact bytes, and nothing else', async () => {
      const { output } = await walrusCli(['log', 'dump', log.path, 'logs', '--raw'])
      expect(output).to.deep.equal(Buffer.concat(bytes))
    })

    it('prints from an offset on, and as many as are asked for', async () => {
      const offsets = async (...options: string[]) => {
        const { output } = await run('dump', log.path, 'logs', ...options)
        return output
          .split('\n')
          .slice(0, -1)
          .map((line) => Number(line.split(' ')[0]))
      }
      expect(await offsets('--from', '4')).to.deep.equal([4, 5, 6])
      expect(await offsets('--from', '1', '--limit', '2')).to.deep.equal([1, 2])
      expect(await offsets('--limit', '0')).to.deep.equal([])
      expect(await offsets('--from', '7')).to.deep.equal([])
    })

    it('stops at damage, and goes on behind it when told to', async () => {
      await log.write(async (walrus) => fill(walrus, 'other', 30))
      const batch = (await log.batches('other')).filter(({ kind }) => kind === 'entries')[4]!
      await log.flip(batch.file, batch.byte + PAYLOAD)
      const { exitCode, output, errors } = await run('dump', log.path, 'other')
      expect(output.split('\n')).to.have.length(4 + 1)
      const place = `topic "other" segment 1 (file ${batch.file} at byte ${batch.byte})`
      const goOn = 'what is readable goes on at offset 5'
      expect(errors).to.equal(`Error: Cannot read offset 4 of ${place}: payload checksum; ${goOn}\n`)
      expect(exitCode).to.equal(1)
      const rest = await run('dump', log.path, 'other', '--from', '5')
      expect(rest.output.trimEnd().split('\n')).to.have.length(25)
      expect(rest.exitCode).to.equal(0)
    })

    it('refuses a topic that is not there', async () => {
      for (const command of [
        ['dump', log.path, 'nope'],
        ['inspect', log.path, '--topic', 'nope'],
      ]) {
        const { exitCode, output, errors } = await run(...command)
        expect({ exitCode, output }).to.deep.equal({ exitCode: 1, output: '' })
        expect(errors).to.equal(`Error: Cannot ${command[0]} topic "nope": nothing of it is in "${log.path}"\n`)
      }
    })
  })

  describe('takes the directory of a log, of a node, or of all', () => {
    async function refuses(path: string, reason: string): Promise<void> {
      const { exitCode, errors } = await run('verify', path)
      expect({ exitCode, errors }).to.deep.equal({
        exitCode: 1,
        errors: `Error: Cannot find a log in "${path}": ${reason}\n`,
      })
    }

    it('and finds the log of a broker', async () => {
      log = await LogFolder.make('data/node_1/log')
      await log.write(async (walrus) => fill(walrus, 'logs', 1))
      for (const directory of ['data', 'data/node_1', 'data/node_1/log']) {
        const { exitCode, output } = await run('inspect', join(log.root, directory), '--json')
        expect(exitCode, directory).to.equal(0)
        expect((JSON.parse(output) as { path: string }).path).to.equal(log.path)
      }
    })

    it('and says where to look otherwise', async () => {
      log = await LogFolder.make('data/node_1/log')
      const data = join(log.root, 'data')
      await refuses(data, 'no block files are in it, nor in "log" or "node_<id>/log" below it')
      await refuses(join(data, 'absent'), 'no such directory')
      await log.write(async (walrus) => fill(walrus, 'logs', 1))
      await refuses(join(log.path, `${FILE}.blocks`), 'it is a file')
    })

    it('and asks which of several', async () => {
      log = await LogFolder.make('node_1/log')
      await log.write(async (walrus) => fill(walrus, 'logs', 1))
      await log.copyTo('node_2/log')
      await refuses(log.root, `it holds several, name one: ${log.path}, ${join(log.root, 'node_2/log')}`)
    })
  })

  it('explains itself, and refuses wrong usage with exit code 2', async () => {
    log = await LogFolder.make()
    for (const command of [[], ['inspect'], ['verify'], ['dump']]) {
      const { exitCode, output } = await run(...command, '--help')
      expect(exitCode).to.equal(0)
      expect(output).to.include('Nothing in it is changed.')
    }
    const dump = ['dump', log.path, 'a']
    const wrong = [
      ...[[], ['bogus'], ['verify'], ['dump', log.path], ['verify', log.path, 'more'], ['inspect', log.path, '--all']],
      ...[
        [...dump, '--from', 'x'],
        [...dump, '--limit', '-1'],
        [...dump, '--raw', '--json'],
      ],
    ]
    for (const args of wrong) {
      const { exitCode, output, errors } = await run(...args)
      expect({ exitCode, output }, args.join(' ')).to.deep.equal({ exitCode: 2, output: '' })
      expect(errors, args.join(' ')).to.match(/^Error: [^\n]+\n$/)
    }
  })
})
