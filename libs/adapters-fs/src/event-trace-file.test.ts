import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openEventTraceFile } from './event-trace-file.js'

describe('event trace file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'walrus-trace-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('has each event as soon as it is recorded, one line each, and numbers every life from 1', async () => {
    const path = join(folder, 'trace')
    const first = openEventTraceFile(path, 7)
    first.record({ kind: 'node-opened', version: 3 })
    expect(linesOf(path)).to.deep.equal([{ node: 7, number: 1, kind: 'node-opened', version: 3 }])
    first.record({ kind: 'node-closed' })
    await first.close()
    first.record({ kind: 'node-closed' })

    const second = openEventTraceFile(path, 7)
    second.record({ kind: 'node-opened', version: 4 })
    await second.close()
    expect(linesOf(path).map(({ number, kind }) => [number, kind])).to.deep.equal([
      [1, 'node-opened'],
      [2, 'node-closed'],
      [1, 'node-opened'],
    ])
  })

  it('says which file it cannot open', () => {
    const path = join(folder, 'missing', 'trace')
    expect(() => openEventTraceFile(path, 1)).to.throw(`Cannot open trace "${path}"`)
  })
})

function linesOf(path: string): { number: number; kind: string }[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as { number: number; kind: string })
}
