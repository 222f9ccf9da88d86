import { expect } from 'chai'
import { Writable } from 'node:stream'
import type { Output } from '../../output.js'
import { simulateCommand } from './simulate-command.js'

async function simulate(
  args: readonly string[],
  isTTY = false,
): Promise<{ readonly code: number; readonly said: string }> {
  let said = ''
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    said += chunk.toString()
    done()
  }
  const output: Output = Object.assign(new Writable({ write }), { isTTY })
  const code = await simulateCommand(args, output)
  return { code, said }
}

describe('npm run simulate', function () {
  this.timeout(240_000)

  it('runs so many seeds from the one given, and says what they were', async () => {
    const { code, said } = await simulate(['--seeds', '3', '--seed', '5'])
    expect(said).to.match(/^3 seeds from 5 in .* simulated seconds\/s; .*: every promise was kept\n$/)
    expect(code).to.equal(0)
  })

  it('shows on a terminal how far it is', async () => {
    expect((await simulate(['--seeds', '2', '--faults', '3'], true)).said).to.contain('1 of 2, 0 failed')
  })

  it('exits with 1 where a promise is broken, with fewer faults and the command that replays it', async () => {
    const sabotage = 'cursor-from-memory'
    const { code, said } = await simulate(['--seeds', '5', '--failures', '1', '--sabotage', sabotage])
    expect(code).to.equal(1)
    const replay = /replay: npm run simulate -- (--seed \d+ --faults \d+.*)/.exec(said)?.[1] ?? ''
    const again = await simulate(replay.split(' '))
    expect(again.code).to.equal(1)
    expect(again.said).to.match(/seed \d+, trace [0-9a-f]{8}: .*delivered/)
  })

  it('exits with 2 where it is not understood, and explains itself', async () => {
    expect((await simulate(['--seeds', 'some'])).code).to.equal(2)
    const help = await simulate(['--help'])
    expect(help.code).to.equal(0)
    expect(help.said).to.contain('npm run simulate --').and.to.contain('--minutes')
  })
})
