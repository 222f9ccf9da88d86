import { Writable } from 'node:stream'
import { expect } from 'chai'
import type { Output } from '../output.js'
import { fuzzCommand } from './fuzz-command.js'
import { renderProgress } from './progress-line.js'

async function fuzz(args: readonly string[], isTTY = false): Promise<{ readonly code: number; readonly said: string }> {
  let said = ''
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    said += chunk.toString()
    done()
  }
  const output: Output = Object.assign(new Writable({ write }), { isTTY })
  const code = await fuzzCommand(args, output)
  return { code, said }
}

describe('npm run fuzz:wal', function () {
  this.timeout(60_000)

  it('runs so many seeds from the one given, and says how many', async () => {
    const { code, said } = await fuzz(['--seeds', '5', '--seed', '7'])
    expect(code).to.equal(0)
    expect(said).to.match(/^5 seeds from 7 \(\d+\.\d s, \d+\/s\): every promise was kept\n$/)
  })

  it('shows on a terminal how far it is', async () => {
    const { said } = await fuzz(['--seeds', '3', '--flips'], true)
    expect(said).to.contain('1 of 3, 0 failed')
    expect(renderProgress({ done: 1200, failed: 2, elapsedMs: 5000 }, 5000)).to.equal(
      '1200 of 5000, 2 failed, 240/s, 16 s left',
    )
  })

  it('exits with 1 where a promise is broken, and prints the command that replays it', async () => {
    const sabotage = 'acknowledges before the sync'
    const { code, said } = await fuzz(['--seeds', '200', '--failures', '1', '--sabotage', sabotage])
    expect(code).to.equal(1)
    const replay = /replay: npm run fuzz:wal -- --seed (\d+) --sabotage "acknowledges before the sync"/.exec(said)
    const again = await fuzz(['--seed', replay?.[1] ?? '', '--sabotage', sabotage])
    expect(again.code).to.equal(1)
    expect(again.said)
      .to.contain('plan: {')
      .and.to.match(/seed \d+ failed at boundary \d+\n$/)
  })

  it('explains itself, and says when it was not understood', async () => {
    const help = await fuzz(['--help'])
    expect([help.code, help.said.includes('Exits with 0')]).to.deep.equal([0, true])
    for (const args of [['--seeds', '0'], ['--seed', 'x'], ['--unknown'], ['--sabotage', 'none']])
      expect((await fuzz(args)).code, args.join(' ')).to.equal(2)
  })
})
