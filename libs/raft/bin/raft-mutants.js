#!/usr/bin/env node
// The mutation gate: breaks one rule at a time and demands that a test or the simulation notices.
//
//   raft-mutants [--of core|driver|store] [--only NAME] [--seeds N] [--simulation-only]
//
// --of breaks only rules of the core, of the driver, or of the log in LevelDB (whose room must be built). Default: all.
// --simulation-only leaves the tests out, to see what the simulation finds alone; survivors are no failure then.
//
// The lists say what is replaced by what in which file.
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import ts from 'typescript'

const room = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const mocha = resolve(room, '../../node_modules/mocha/bin/mocha.js')
const { values } = parseArgs({
  options: {
    of: { type: 'string' },
    only: { type: 'string' },
    seeds: { type: 'string', default: '1500' },
    'simulation-only': { type: 'boolean' },
  },
})
const suites = [
  { of: 'core', room, folder: 'core', specs: ['core', 'scenarios'] },
  { of: 'driver', room, folder: 'driver', specs: ['driver', 'simulation/simulate-driver.test.js'] },
  { of: 'store', room: resolve(room, '../adapters-level'), folder: 'raft', specs: ['leveldb', 'raft'] },
]
const survivors = []
const killedBy = { tests: 0, simulation: 0 }

for (const suite of suites) if (!values.of || values.of === suite.of) judgeAll(suite)
console.log(
  `${killedBy.tests} killed by tests, ${killedBy.simulation} by the simulation, ${survivors.length} survived` +
    (survivors.length > 0 ? `: ${survivors.join(', ')}` : ''),
)
if (survivors.length > 0 && !values['simulation-only']) process.exitCode = 1

function judgeAll(suite) {
  const mutants = JSON.parse(readFileSync(join(suite.room, `mutants/${suite.of}.json`), 'utf8'))
  const work = join(suite.room, `mutant-${process.pid}`)
  try {
    for (const mutant of mutants) {
      const { name } = mutant
      if (values.only && values.only !== name) continue
      const killer = judge(mutant, suite, work)
      if (killer) killedBy[killer]++
      else survivors.push(name)
      console.log(`${(killer ?? 'SURVIVED').padEnd(11)} ${suite.of}: ${name}`)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Who notices the change: the tests, else the simulation, else nobody (undefined). */
function judge({ file, find, replace, prefix = '' }, suite, work) {
  rmSync(work, { recursive: true, force: true })
  cpSync(join(suite.room, 'dist'), work, { recursive: true })
  const source = readFileSync(join(suite.room, 'src', suite.folder, file), 'utf8')
  if (source.split(find).length !== 2) throw new Error(`"${find}" must stand exactly once in ${file}`)
  const mutated = prefix + source.replace(find, () => replace)
  const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true }
  const { outputText } = ts.transpileModule(mutated, { compilerOptions: options })
  writeFileSync(join(work, suite.folder, file.replace(/\.ts$/, '.js')), outputText)
  if (!values['simulation-only'] && !passes(suite, work)) return 'tests'
  return suite.of === 'core' && !simulates(work) ? 'simulation' : undefined
}

function passes({ room: cwd, specs, of }, work) {
  const files = specs.map((one) => (one.endsWith('.js') ? `${work}/${one}` : `${work}/${one}/**/*.test.js`))
  const timeout = of === 'core' ? '5000' : '60000'
  return run(cwd, [mocha, '--no-config', '--bail', '--reporter', 'dot', '--timeout', timeout, ...files])
}

function simulates(work) {
  const simulation = `
    import { simulate } from '${join(work, 'simulation/simulate.js')}'
    for (let seed = 1; seed <= ${Number(values.seeds)}; seed++) if (simulate({ seed, steps: 3000 }).failure) process.exit(1)`
  return run(room, ['--input-type=module', '--eval', simulation])
}

/** False: it failed, or it did not come to an end. */
function run(cwd, args) {
  return spawnSync(process.execPath, args, { cwd, stdio: 'ignore', timeout: 120_000 }).status === 0
}
