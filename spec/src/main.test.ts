import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { INVARIANTS } from './invariants/invariants.js'
import { GOALS } from './invariants/goals.js'
import { main } from './main.js'
import { MUTATIONS } from './mutations.js'

function run(...argv: string[]): { readonly code: number; readonly lines: readonly string[] } {
  const lines: string[] = []
  const code = main(argv, (line) => lines.push(line))
  return { code, lines }
}

describe('spec:check', () => {
  it('says how many states it has seen', () => {
    const { code, lines } = run('--configuration', 'crash')
    expect(code).to.equal(0)
    expect(lines.at(-1)).to.match(/^1 configurations, [1-9]\d* states, [1-9]\d* steps$/)
  })

  it('tells when it has not seen all', () => {
    const { code, lines } = run('--configuration', 'crash', '--states-max', '50')
    expect(code).to.equal(2)
    expect(lines[0]).to.match(/^crash: not finished/)
  })

  it('prints the shortest way to a fault, step by step', () => {
    const { code, lines } = run('--mutation', 'ack-before-quorum')
    expect(code).to.equal(0)
    expect(lines).to.deep.equal([
      "ack-before-quorum (an entry is acknowledged when one disk has it, the leader's (C1 of the original)), in crash: " +
        'AckedForever in 3 steps: a0 was acknowledged at offset 0, and 1 disk of 2 have it (19 states)',
      '   1. node 1 opens segment 1 of t0',
      '   2. node 1 appends a0 to segment 1 of t0',
      '   3. node 1 has a0 on stable storage (segment 1 of t0)',
      '  Then',
      '      segment 1 of t0 is open, at epoch 4, led by node 1',
      '      node 1 has "a0" in segment 1; a writer of segment 1 at epoch 4, whose gate is open and which has settled 1 record',
      '      node 2 has nothing of t0',
      '      node 3 has nothing of t0',
      '      acknowledged: a0 at offset 0',
    ])
  })

  it('explains itself, and refuses what it does not know', () => {
    expect(run('--help')).to.have.property('code', 0)
    expect(run('--list').lines).to.have.length.above(40)
    expect(run('--configuration', 'nonsense').code).to.equal(2)
    expect(run('--mutation', 'nonsense').code).to.equal(2)
    expect(run('--size', 'huge').lines[0]).to.equal('Cannot explore size "huge": only small and large are known')
    expect(run('--states-max', 'x').code).to.equal(2)
    expect(run('--nonsense').lines[0]).to.match(/^Cannot read the arguments: /)
  })
})

describe('Walrus.tla', () => {
  const model = readFileSync(new URL('../Walrus.tla', import.meta.url), 'utf8')
  const safety = readFileSync(new URL('../Walrus.cfg', import.meta.url), 'utf8')
  const liveness = readFileSync(new URL('../Liveness.cfg', import.meta.url), 'utf8')

  it('defines and checks the same invariants and goals', () => {
    for (const name of Object.keys(INVARIANTS)) {
      expect(model).to.match(new RegExp(`^${name} ==`, 'm'))
      expect(safety).to.match(new RegExp(`^  ${name}$`, 'm'))
    }
    for (const name of Object.keys(GOALS)) {
      expect(model).to.match(new RegExp(`^${name} ==`, 'm'))
      expect(liveness).to.match(new RegExp(`^  ${name}$`, 'm'))
    }
  })

  it('knows mutations of the same names only', () => {
    const known = MUTATIONS.map(({ name }) => name)
    const used = [...model.matchAll(/Mutated\("([a-z-]+)"\)/g)].map(([, name]) => name)
    expect(used).to.have.length.above(12)
    expect(known).to.include.members(used)
    const file = readFileSync(new URL('../mutations.json', import.meta.url), 'utf8')
    const worlds = JSON.parse(file) as Readonly<Record<string, { readonly says: string }>>
    expect(Object.keys(worlds)).to.have.members([...new Set(used)])
    for (const { name, says } of MUTATIONS) if (worlds[name]) expect(worlds[name].says).to.equal(says)
  })
})
