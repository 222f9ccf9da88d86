import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Each file of the house with those of its room that it imports, types too. */
function importsOfAllFiles(): Map<string, readonly string[]> {
  const files = ['libs', 'apps', 'tools', 'spec', 'examples'].flatMap((folder) => sourcesIn(join(root, folder)))
  const known = new Set(files)
  return new Map(files.map((file) => [file, importsOf(file).filter((imported) => known.has(imported))]))
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    if (item.isDirectory())
      return ['dist', 'node_modules'].includes(item.name) ? [] : sourcesIn(join(folder, item.name))
    return /(?<!\.test)\.ts$/.test(item.name) ? [join(folder, item.name)] : []
  })
}

function importsOf(file: string): string[] {
  const imported = readFileSync(file, 'utf8').matchAll(/ from '(\.[^']+)\.js'/g)
  return [...imported].map(([, path]) => normalize(join(dirname(file), `${path}.ts`)))
}

/** The first circle that is found, from a file to itself. */
function findCircle(imports: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const finished = new Set<string>()
  const follow = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (finished.has(file)) return undefined
    for (const next of imports.get(file) ?? []) {
      const circle = follow(next, [...path, file])
      if (circle) return circle
    }
    finished.add(file)
    return undefined
  }
  for (const file of imports.keys()) {
    const circle = follow(file, [])
    if (circle) return circle
  }
  return undefined
}

describe('imports inside a room', () => {
  it('finds a circle', () => {
    const imports = new Map([
      ['a', ['b', 'c']],
      ['b', []],
      ['c', ['d']],
      ['d', ['c']],
    ])
    expect(findCircle(imports)).to.deep.equal(['c', 'd', 'c'])
  })

  it('go round in no circle', () => {
    const imports = importsOfAllFiles()
    expect(imports.size).to.be.greaterThan(100)
    expect(findCircle(imports)?.map((file) => file.slice(root.length))).to.equal(undefined)
  })
})
