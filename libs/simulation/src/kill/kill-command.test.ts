import { Writable } from 'node:stream'
import { resolveBackend } from '@walrus/embedded'
import { expect } from 'chai'
import type { Output } from '../output.js'
import { killCommand, KILLABLE_BACKENDS } from './kill-command.js'

async function kill(...args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  let said = ''
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    said += chunk.toString()
    done()
  }
  const output: Output = new Writable({ write })
  const code = await killCommand(args, output)
  return { code, said }
}

describe('npm run kill:wal', function () {
  this.timeout(120_000)

  for (const backend of KILLABLE_BACKENDS.filter(isHere))
    it(`keeps every promise over 10 kills on ${backend}`, async () => {
      const { code, said } = await kill('--kills', '10', '--backend', backend, '--seed', '7')
      expect(said).to.match(
        new RegExp(`^${backend}: 10 kills in .* recoveries compared, .*: every promise was kept\n$`),
      )
      expect(code).to.equal(0)
    })

  it('explains itself, and says when it was not understood', async () => {
    const help = await kill('--help')
    expect([help.code, help.said.includes('Exits with 0')]).to.deep.equal([0, true])
    for (const args of [['--kills', '0'], ['--backend', 'memory'], ['--unknown']])
      expect((await kill(...args)).code, args.join(' ')).to.equal(2)
  })
})

/** Native backends are there where they could be built and the system lets them. */
function isHere(backend: (typeof KILLABLE_BACKENDS)[number]): boolean {
  try {
    resolveBackend(backend)
    return true
  } catch {
    return false
  }
}
