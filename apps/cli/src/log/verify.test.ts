import { chmod, readdir, rename, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { BatchView } from '@walrus/wal'
import { expect } from 'chai'
import { walrusCli } from '../run-program.test.js'
import { fill, LogFolder } from './log-folder.test.js'
import { verifyLog } from './verify.js'

const FILE = '000000000001'
const SECOND_FILE = '000000000002'
const HEADER = 24
const PAYLOAD = HEADER + 64
const BATCH_BYTES = PAYLOAD + 4 + 1000

describe('walrus-cli log verify', () => {
  let log: LogFolder
  beforeEach(async () => (log = await LogFolder.make()))
  afterEach(() => log.remove())

  async function verify(...options: string[]): Promise<{ exitCode: number | null; lines: string[] }> {
    const before = await log.hash()
    const { exitCode, output, errors } = await walrusCli(['log', 'verify', log.path, ...options])
    expect(await log.hash(), 'nothing changed').to.equal(before)
    expect(errors, 'no progress into a pipe').to.equal('')
    return { exitCode, lines: output.toString().trimEnd().split('\n') }
  }

  async function damaged(...expected: readonly string[]): Promise<void> {
    const { exitCode, lines } = await verify()
    expect(lines.slice(0, -1)).to.deep.equal(expected)
    const places = expected.filter((line) => line.startsWith('DAMAGE')).length
    expect(lines.at(-1)).to.match(new RegExp(`^Damaged in ${places} places?: read \\d+ files?, `))
    expect(exitCode).to.equal(1)
  }

  function wordsOf({ file, byte, segment, firstOffset }: BatchView): string {
    return `file ${file} byte ${byte} (${BATCH_BYTES} bytes), topic "logs" segment ${segment} offset ${firstOffset} (1 entry)`
  }

  it('says of a whole log what was read, with exit code 0, and nothing else', async () => {
    await log.write(async (walrus) => {
      await fill(walrus, 'logs', 40)
      await walrus.appendBatch('other', [Buffer.from('a'), Buffer.from('b')])
      await walrus.readBatch('logs', { maxEntries: 3 })
    })
    const { exitCode, lines } = await verify()
    expect(lines).to.have.length(1)
    expect(lines[0]).to.match(/^Whole: read 2 files, 2 topics, \d segments, \d+ batches, 42 entries, \d+ bytes$/)
    expect(exitCode).to.equal(0)
  })

  describe('lists what is damaged, with exit code 1:', () => {
    beforeEach(() => log.write(async (walrus) => fill(walrus, 'logs', 40)))

    it('a superblock, and what is missing with its file', async () => {
      await log.remove()
      log = await LogFolder.make()
      await log.write((walrus) => fill(walrus, 'logs', 80), { segmentBytesMax: 1_000_000 })
      await log.flip(FILE, 16)
      const { exitCode, lines } = await verify()
      expect(lines[0]).to.equal(`DAMAGE file ${FILE} byte 0: its superblock is damaged`)
      const missing =
        /^DAMAGE file 000000000002 byte \d+, topic "logs" segment \d offset \d+ \(\d+ entries\): entries up to \d+ are missing$/
      expect(lines[1]).to.match(missing)
      expect(exitCode).to.equal(1)
    })

    it('a slot, and what is missing with its run', async () => {
      const [first, second] = await log.runs('logs')
      await log.flip(FILE, 4096 + 30)
      const count = first!.entryCount
      await damaged(
        `DAMAGE file ${FILE} byte 4096: the slot of block 0 at byte 4096 is damaged`,
        `DAMAGE file ${FILE} byte ${second!.byte}, topic "logs" segment 1 offset 0 (${count} entries): entries up to ${count} are missing`,
      )
    })

    it('frames, headers, and payloads of sealed segments', async () => {
      const batches = (await log.batches('logs')).filter(({ segment, kind }) => segment === 1 && kind === 'entries')
      const [frame, header, payload, last] = [batches[3]!, batches[7]!, batches[8]!, batches[12]!]
      await log.flip(frame.file, frame.byte + 13)
      await log.flip(header.file, header.byte + HEADER + 5)
      await log.flip(payload.file, payload.byte + PAYLOAD + 40)
      await log.flip(last.file, last.byte + BATCH_BYTES - 1)
      await damaged(
        `DAMAGE ${wordsOf(frame)}: frame checksum`,
        `DAMAGE ${wordsOf(header)}: batch header: header-crc`,
        `DAMAGE ${wordsOf(payload)}: payload checksum`,
        `DAMAGE ${wordsOf(last)}: payload checksum`,
      )
    })

    it('a file that was cut short', async () => {
      const last = (await log.batches('logs')).filter(({ file }) => file === SECOND_FILE).at(-1)!
      const path = join(log.path, `${SECOND_FILE}.blocks`)
      const { size } = await stat(path)
      const end = last.byte + 100
      await truncate(path, end)
      await damaged(
        `DAMAGE file ${SECOND_FILE} byte ${end}: it has ${end} bytes, its superblock says ${size}`,
        `DAMAGE ${wordsOf(last)}: payload checksum`,
      )
    })

    it('what is missing with a file', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 60))
      expect(await readdir(log.path)).to.include('000000000003.blocks')
      await rename(join(log.path, `${SECOND_FILE}.blocks`), join(log.root, 'away'))
      const { exitCode, lines } = await verify()
      expect(lines[0]).to.match(/^note: file 2 is absent: /)
      expect(lines.length).to.be.greaterThan(2)
      for (const line of lines.slice(1, -1)) expect(line).to.match(/^DAMAGE .*topic "logs" .*are missing/)
      expect(exitCode).to.equal(1)
    })
  })

  it('tells damage in an open run from a torn tail', async () => {
    await log.writeAndDie(async (walrus) => fill(walrus, 'logs', 3))
    const [first, , last] = await log.batches('logs')
    await log.flip(FILE, last!.byte + PAYLOAD)
    const { exitCode, lines } = await verify()
    const place = `note file ${FILE} byte ${last!.byte}, topic "logs" segment 1 offset 2`
    expect(lines[0]).to.equal(`${place}: torn tail, never known durable: payload checksum`)
    expect(lines[1]).to.match(/^Whole: /)
    expect(exitCode).to.equal(0)
    await log.flip(FILE, first!.byte + PAYLOAD)
    await damaged(`DAMAGE ${wordsOf(first!)}: payload checksum`)
  })

  it('gives one JSON document', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 40))
    const [, batch] = await log.batches('logs')
    await log.flip(FILE, batch!.byte + PAYLOAD)
    const { exitCode, lines } = await verify('--json')
    const { path, findings, summary } = JSON.parse(lines.join('\n')) as Record<string, unknown>
    expect({ exitCode, path }).to.deep.equal({ exitCode: 1, path: log.path })
    expect(findings).to.deep.equal([
      {
        ...{ severity: 'damage', kind: 'batch', file: FILE, byte: batch!.byte, byteCount: BATCH_BYTES },
        ...{ topic: 'logs', segment: 1, offset: 1, entryCount: 1, what: 'payload checksum' },
      },
    ])
    expect(summary).to.include({
      whole: false,
      damageCount: 1,
      noteCount: 0,
      fileCount: 2,
      topicCount: 1,
      entryCount: 39,
    })
  })

  it('does not look at a directory that is in use', async () => {
    const walrus = await log.open()
    await walrus.append('logs', Buffer.from('a'))
    const { exitCode, output, errors } = await walrusCli(['log', 'verify', log.path])
    const reason = `Cannot open "${log.path}": directory is locked by process ${process.pid}`
    expect({ exitCode, output: output.toString() }).to.deep.equal({ exitCode: 1, output: '' })
    expect(errors).to.equal(`Error: ${reason}\n`)
    await walrus.close()
    expect((await verify()).exitCode).to.equal(0)
  })

  describe('in this process', () => {
    it('shows on a terminal how far it is, and takes that away before anything else is printed', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 40))
      const batch = (await log.batches('logs'))[20]!
      await log.flip(batch.file, batch.byte + PAYLOAD)
      const screen = new Screen()
      expect(await verifyLog(log.path, {}, { stdout: screen, stderr: screen })).to.equal(1)
      const steps = screen.text.split('\r\u001b[K')
      expect(steps.filter((step) => /^\[[#-]{30}\] +\d+ % of \d+\.\d KiB$/.test(step)).length).to.be.greaterThan(10)
      expect(steps).to.include(`DAMAGE ${wordsOf(batch)}: payload checksum\n`)
      expect(steps.at(-2)).to.match(/^\[#{30}\] 100 % of /)
      expect(steps.at(-1)).to.match(/^Damaged in 1 place: .*\n$/)
    })

    it('works where this user may only read', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 3))
      for (const name of await readdir(log.path)) await chmod(join(log.path, name), 0o444)
      for (const directory of [log.path, log.root]) await chmod(directory, 0o555)
      const user = process.geteuid?.()
      if (user === 0) process.seteuid?.(65_534)
      try {
        const screen = new Screen()
        expect(await verifyLog(log.path, {}, { stdout: screen, stderr: new Screen() })).to.equal(0)
        expect(screen.text).to.match(/^Whole: /)
      } finally {
        if (user === 0) process.seteuid?.(user)
        for (const directory of [log.root, log.path]) await chmod(directory, 0o755)
      }
    })

    it('says when somebody has come to own the directory meanwhile', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 3))
      let intruder: ReturnType<LogFolder['open']> | undefined
      const stdout = new Screen()
      stdout.onText = () => void (intruder ??= log.open())
      let message = ''
      const slow = new Writable({
        write(chunk: Buffer, _encoding, done) {
          stdout.write(chunk)
          void intruder?.then(() => done())
        },
        highWaterMark: 1,
      })
      await verifyLog(log.path, {}, { stdout: slow, stderr: new Screen() }).catch(
        (error: Error) => (message = error.message),
      )
      expect(message).to.equal(`Cannot open "${log.path}": directory is locked by process ${process.pid}`)
      await (await intruder!).close()
    })
  })
})

/** A terminal that remembers. */
class Screen extends Writable {
  readonly isTTY = true
  text = ''
  onText: () => void = () => undefined

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    this.onText()
    done()
  }
}
