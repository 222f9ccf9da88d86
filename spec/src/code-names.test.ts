import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { ACTIONS } from './actions/actions.js'

const room = new URL('../', import.meta.url)
const repository = new URL('../', room)
const model = readFileSync(new URL('Walrus.tla', room), 'utf8')

describe('what the model says of the code', () => {
  const files = ['Walrus.tla', 'README.md', ...sourcesIn('src/actions/'), ...sourcesIn('src/model/')]

  for (const file of files) {
    it(`is there: ${file}`, () => {
      const missing = namesIn(readFileSync(new URL(file, room), 'utf8')).filter((name) => !exists(name))
      expect(missing).to.deep.equal([])
    })
  }

  it('is said of each action of Walrus.tla', () => {
    const words = [...nextOf(model).matchAll(/\b([A-Z][A-Za-z]+?)(?:Any)?\b/g)].map(([, name]) => name ?? '')
    const actions = words.filter((name) => new RegExp(`^${name}\\(`, 'm').test(model))
    expect(actions).to.have.length.above(24)
    expect(actions.filter((action) => !/\\\* +Code: /.test(commentOf(action)))).to.deep.equal([])
  })

  it('is said of each action here', () => {
    const sources = sourcesIn('src/actions/').map((file) => readFileSync(new URL(file, room), 'utf8'))
    const said = sources.flatMap((text) =>
      [...text.matchAll(/Code: (?:(?!\*\/)[^])*?\*\/\nexport const (\w+): Action/g)].map(([, name]) => name),
    )
    expect(said).to.have.members(Object.keys(ACTIONS))
  })
})

function sourcesIn(folder: string): readonly string[] {
  return readdirSync(new URL(folder, room)).map((name) => folder + name)
}

/** Each is a file of the repository, and something in it: `libs/core/src/lease.ts#leaseHeld`. */
function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/\b(?:libs|apps)\/[\w/-]+\.ts(?:#\w+)?/g)].map(([name]) => name)
}

function exists(name: string): boolean {
  const [path = '', symbol = ''] = name.split('#')
  try {
    return new RegExp(`\\b${symbol}\\b`).test(readFileSync(new URL(path, repository), 'utf8'))
  } catch {
    return false
  }
}

/** The definition of what can happen next, with what its parts stand for. */
function nextOf(text: string): string {
  return text.slice(text.indexOf('\nNext =='), text.indexOf('\n\n', text.indexOf('\nNext ==')))
}

/** The comment before the action, or before the first of the definitions that belong to it. */
function commentOf(action: string): string {
  const before = model.slice(0, new RegExp(`^${action}\\(`, 'm').exec(model)?.index ?? 0)
  const rows = before.split('\n')
  const isCode = rows.findLastIndex((row) => row.includes('Code: '))
  const lastOther = rows.slice(0, -1).findLastIndex((row) => /^UNCHANGED|^ +\/\\ UNCHANGED/.test(row))
  return isCode > lastOther ? rows.slice(isCode).join('\n') : ''
}
