import { expect } from 'chai'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runScenario } from './run-scenario.js'

const room = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const own = join(room, 'scenarios')
const shared = resolve(process.env['RAFT_SCENARIOS'] ?? join(room, '../../../shared/raft/etcd'))

describe('scenarios', () => {
  describeFolder('of this project', own)
  if (existsSync(shared)) describeFolder('of others', shared)
  else process.stderr.write(`The scenarios of others are not run: there is no ${shared}\n`)
})

function describeFolder(name: string, folder: string): void {
  describe(name, () => {
    for (const file of scenarioFiles(folder)) {
      it(relative(folder, file), () => {
        const { mismatches, directiveCount } = runScenario(readFileSync(file, 'utf8'))
        const [first] = mismatches
        if (first !== undefined) expect(first.actual, `line ${first.line}: ${first.command}`).to.equal(first.expected)
        expect(directiveCount).to.be.greaterThan(0)
      })
    }
  })
}

function scenarioFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.txt'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
