import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { Level } from 'level'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tableFault } from './check-table.js'
import { checkTables } from './check-tables.js'
import { maskedCrc32c } from './crc32c.js'
import { liveTables } from './live-tables.js'
import { decompressSnappy } from './snappy.js'

/** Where a footer has its two handles, then zeros up to here that nobody reads. */
const FOOTER_HANDLES_BYTES = 40

describe('the tables of LevelDB', function () {
  this.timeout(60_000)
  let folder: TemporaryFolder

  before(async () => {
    folder = await temporaryFolder()
    // Opening writes tables, compaction writes them anew; half of what they hold can be compressed.
    for (let life = 0; life < 4; life++) {
      const database = new Level<string, string>(folder.path, { writeBufferSize: 65_536 })
      for (let at = 0; at < 400; at++) {
        const value = at % 2 === 0 ? 'again and '.repeat(40) : randomText(at * 31 + life)
        await database.put(`key ${(at * 7) % 500}`, value)
      }
      await database.close()
    }
  })
  after(() => folder.remove())

  /** Those that the database uses. A compaction that ended with the process may have left others, which nobody reads. */
  const tables = async (): Promise<string[]> => {
    const current = await readFile(join(folder.path, 'CURRENT'), 'utf8')
    const live = liveTables(await readFile(join(folder.path, current.trim())))
    return [...live].map((number) => `${String(number).padStart(6, '0')}.ldb`)
  }

  it('are there, as the manifest says, and whole', async () => {
    expect(await readdir(folder.path)).to.include.members(await tables())
    expect(await tables()).to.have.length.above(0)
    await checkTables(folder.path)
  })

  it('are damaged as soon as one byte that counts is another', async () => {
    for (const name of await tables()) {
      const path = join(folder.path, name)
      const table = await readFile(path)
      expect(tableFault(table)).to.equal(undefined)
      for (let at = 0; at < table.length; at += at < table.length - 500 ? 61 : 1) {
        const changed = Buffer.from(table)
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
        const inFooter = at - (table.length - 48)
        if (inFooter >= 0 && inFooter < FOOTER_HANDLES_BYTES && table[at] === 0) continue
        expect(tableFault(changed), `byte ${at} of ${table.length} of ${name}`).to.be.a('string')
      }
      expect(tableFault(table.subarray(0, -1))).to.be.a('string')
      expect(tableFault(table.subarray(1))).to.be.a('string')
    }
    expect(tableFault(Buffer.alloc(10))).to.equal('it has no footer')
  })

  it('are named when they are damaged, before anybody opens them', async () => {
    const [name = ''] = await tables()
    const path = join(folder.path, name)
    const table = await readFile(path)
    const changed = Buffer.from(table)
    changed[3] = (changed[3] ?? 0) ^ 4
    await writeFile(path, changed)
    const error = await checkTables(folder.path).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'CORRUPT_DATA' })
    const message = `Cannot open "${folder.path}": "${path}" is damaged: the block at 0 does not match its checksum`
    expect(error).to.have.property('message', message)
    await writeFile(path, table)
    await checkTables(folder.path)
  })

  it('are not looked for where there is no database', async () => {
    await checkTables(join(folder.path, 'absent'))
  })
})

describe('the checksum of LevelDB', () => {
  it('is CRC-32C, masked', () => {
    // 0xe3069283 is the check value of CRC-32C over "123456789".
    const masked = (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0
    expect(maskedCrc32c(Buffer.from('123456789'))).to.equal(masked)
  })
})

describe('Snappy', () => {
  it('knows literals, short and long, and copies that overlap', () => {
    expect(decompressSnappy(Buffer.from([3, 2 << 2, 97, 98, 99]), 100).toString()).to.equal('abc')
    const long = Buffer.from([70, 60 << 2, 69, ...Buffer.alloc(70, 120)])
    expect(decompressSnappy(long, 100).toString()).to.equal('x'.repeat(70))
    expect(decompressSnappy(Buffer.from([8, 1 << 2, 97, 98, (2 << 2) | 1, 2]), 100).toString()).to.equal('abababab')
    expect(decompressSnappy(Buffer.from([5, 0, 97, (3 << 2) | 2, 1, 0]), 100).toString()).to.equal('aaaaa')
    expect(decompressSnappy(Buffer.from([5, 0, 97, (3 << 2) | 3, 1, 0, 0, 0]), 100).toString()).to.equal('aaaaa')
  })

  for (const [what, bytes] of [
    ['more than is allowed', [0xff, 0x7f]],
    ['a copy of what is not there', [4, (3 << 2) | 2, 1, 0]],
    ['a copy from nowhere', [4, 0, 97, (2 << 2) | 2, 0, 0]],
    ['less than it says', [9, 0, 97]],
    ['more than it says', [1, 1 << 2, 97, 98]],
    ['an end inside of an element', [3, 2 << 2, 97]],
    ['an endless number', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => decompressSnappy(Buffer.from(bytes), 100)).to.throw(RangeError)
    })
  }
})

function randomText(seed: number): string {
  let state = seed + 1
  return Array.from({ length: 400 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return String.fromCharCode(33 + ((state >>> 16) % 90))
  }).join('')
}
