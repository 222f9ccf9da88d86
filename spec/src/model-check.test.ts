import { expect } from 'chai'
import { ACTIONS } from './actions/actions.js'
import { SMALL } from './configurations.js'
import { GOALS } from './invariants/goals.js'
import { INVARIANTS } from './invariants/invariants.js'
import { examine } from './main.js'
import { RULES } from './model/rules.js'
import { MUTATIONS } from './mutations.js'

const STATES_MAX = 1_000_000

describe('the protocol, in every state of small clusters', () => {
  const taken = new Set<string>()

  for (const configuration of Object.values(SMALL)) {
    it(`${configuration.name}: ${configuration.says}`, function () {
      this.timeout(300_000)
      const { exploration, broken } = examine(configuration, RULES, STATES_MAX)
      expect(broken).to.equal(undefined)
      expect(exploration.exhausted).to.equal(true)
      for (const action of exploration.taken.keys()) taken.add(action)
    })
  }

  it('takes every action somewhere', () => expect([...taken]).to.have.members(Object.keys(ACTIONS)))
})

describe('a check that cannot fail does not count', () => {
  for (const { name, says, configuration, rules, breaks, steps } of MUTATIONS) {
    it(`finds ${name} in ${steps} steps: ${says}`, function () {
      this.timeout(120_000)
      const { broken } = examine(configuration, rules, STATES_MAX)
      expect(broken?.name).to.equal(breaks)
      expect(broken?.trace).to.have.length(steps)
    })
  }

  it('has a mutation for each habit of a right node', () => {
    const lost = MUTATIONS.flatMap(({ rules }) => Object.entries(rules.habits).filter(([, kept]) => !kept))
    expect([...new Set(lost.map(([habit]) => habit))]).to.have.members(Object.keys(RULES.habits))
  })

  it('names what is checked', () => {
    expect(MUTATIONS.map(({ breaks }) => breaks)).to.satisfy((names: string[]) =>
      names.every((name) => name in INVARIANTS || name in GOALS),
    )
  })
})
