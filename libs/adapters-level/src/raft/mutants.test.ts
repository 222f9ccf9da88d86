import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const room = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

interface Mutant {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

describe('mutants of the Raft log', () => {
  const mutants = JSON.parse(readFileSync(join(room, 'mutants/store.json'), 'utf8')) as readonly Mutant[]

  it('still fit the code that they change, so that the gate cannot rot', () => {
    for (const { name, file, find, replace } of mutants) {
      const source = readFileSync(join(room, 'src/raft', file), 'utf8')
      expect(source.split(find).length - 1, `${name}: "${find}" in ${file}`).to.equal(1)
      expect(replace, name).to.not.equal(find)
    }
  })

  it('are at least 25, each with its own name', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).to.equal(mutants.length)
    expect(mutants.length).to.be.at.least(25)
  })
})
