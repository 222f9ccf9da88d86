import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { localDisk } from '@walrus/adapters-fs'
import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, failureOf, readAll, textOf } from './harness.test.js'
import type { WalrusOptions } from './walrus-options.js'
import { Walrus } from './walrus.js'

describe('walrus on real files', () => {
  let folder: TemporaryFolder
  const opened: Walrus[] = []

  beforeEach(async () => {
    folder = await temporaryFolder()
  })

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((walrus) => walrus.close()))
    await folder.remove()
  })

  async function openHere(settings: Partial<WalrusOptions> = {}): Promise<Walrus> {
    const small = { blockBytes: 4096, fileBytes: 256 * 1024, segmentBytesMax: 30_000 }
    const walrus = await Walrus.open({ ...(await localDisk(folder.path)), ...small, ...settings })
    opened.push(walrus)
    return walrus
  }

  const schedules = [{ kind: 'each' }, { kind: 'interval', milliseconds: 5 }, { kind: 'none' }] as const
  for (const fsync of schedules)
    it(`keeps all of it over restarts: fsync ${fsync.kind}`, async () => {
      const texts = Array.from({ length: 600 }, (_, nth) => `${nth} `.padEnd(50 + (nth % 200), '.'))
      for (let round = 0; round < 3; round++) {
        const walrus = await openHere({ fsync })
        const part = texts.slice(round * 200, round * 200 + 200)
        await Promise.all(part.map((text) => walrus.append('logs', bytesOf(text))))
        expect(textOf(await walrus.readNext('logs'))).to.equal(texts[round])
        await walrus.close()
      }
      const walrus = await openHere({ fsync })
      expect(await readAll(walrus, 'logs')).to.deep.equal(texts)
      expect(walrus.unreadCount('logs')).to.equal(597)
    })

  it('has one owner', async () => {
    await openHere()
    const failure = await failureOf(openHere())
    expect([failure.code, failure.message.includes(folder.path)]).to.deep.equal(['DIRECTORY_LOCKED', true])
  })

  it('reports a changed byte with the file that has it', async () => {
    const walrus = await openHere()
    for (let nth = 0; nth < 5; nth++) await walrus.append('logs', bytesOf(`entry ${nth}`))
    await walrus.append('other', bytesOf('other'))
    await walrus.close()
    const [name] = (await readdir(folder.path)).filter((one) => one.endsWith('.blocks'))
    await changeByte(join(folder.path, name!), 'entry 3')
    const problems: string[] = []
    const again = await openHere({ onProblem: (error) => problems.push(error.message) })
    expect(problems).to.have.length(1)
    expect(problems[0]).to.match(/^Cannot read offset 3 of topic "logs" segment 1 \(file 000000000001\): at byte \d+: /)
    expect((await failureOf(again.read('logs', 3))).code).to.equal('CORRUPT_DATA')
    expect(await readAll(again, 'other')).to.deep.equal(['other'])
  })

  it('gives the directory back when it cannot be opened', async () => {
    const walrus = await openHere()
    await walrus.append('logs', bytesOf('a'))
    await walrus.close()
    expect((await failureOf(openHere({ blockBytes: 5 }))).code).to.equal('INVALID_ARGUMENT')
    expect((await failureOf(openHere({ segmentBytesMax: 0 }))).code).to.equal('INVALID_ARGUMENT')
    expect(await readAll(await openHere(), 'logs')).to.deep.equal(['a'])
  })

  async function changeByte(path: string, text: string): Promise<void> {
    const file = await open(path, 'r+')
    try {
      const position = (await file.readFile()).indexOf(text)
      expect(position).to.be.greaterThan(0)
      await file.write(Buffer.from('E'), 0, 1, position)
    } finally {
      await file.close()
    }
  }
})
