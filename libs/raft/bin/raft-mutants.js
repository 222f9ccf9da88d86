#!/usr/bin/env node
// The mutation gate: breaks one rule of the core at a time and demands that a test or the simulation notices.
//
//   raft-mutants [--only NAME] [--seeds N] [--simulation-only]
//
// --simulation-only leaves the tests out, to see what the simulation finds alone; survivors are no failure then.
//
// mutants/core.json lists them: what is replaced by what in which file of the core. The rules of driver and storage are
// broken by the simulation's own tests.
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
    only: { type: 'string' },
    seeds: { type: 'string', default: '1500' },
    'simulation-only': { type: 'boolean' },
  },
})
const mutants = JSON.parse(readFileSync(join(room, 'mutants/core.json'), 'utf8'))
const work = join(room, `mutant-${process.pid}`)
const survivors = []
const killedBy = { tests: 0, simulation: 0 }

try {
  for (const mutant of mutants) {
    const { name } = mutant
    if (values.only && values.only !== name) continue
    const killer = judge(mutant)
    if (killer) killedBy[killer]++
    else survivors.push(name)
    console.log(`${(killer ?? 'SURVIVED').padEnd(11)} ${name}`)
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
console.log(
  `${killedBy.tests} killed by tests, ${killedBy.simulation} by the simulation, ${survivors.length} survived` +
    (survivors.length > 0 ? `: ${survivors.join(', ')}` : ''),
)
if (survivors.length > 0 && !values['simulation-only']) process.exitCode = 1

/** Who notices the change: the tests, else the simulation, else nobody (undefined). */
function judge({ file, find, replace, prefix = '' }) {
  rmSync(work, { recursive: true, force: true })
  cpSync(join(room, 'dist'), work, { recursive: true })
  const source = readFileSync(join(room, 'src/core', file), 'utf8')
  if (source.split(find).length !== 2) throw new Error(`"${find}" must stand exactly once in ${file}`)
  const mutated = prefix + source.replace(find, () => replace)
  const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true }
  const { outputText } = ts.transpileModule(mutated, { compilerOptions: options })
  writeFileSync(join(work, 'core', file.replace(/\.ts$/, '.js')), outputText)
  const specs = ['core', 'scenarios'].map((folder) => `${work}/${folder}/**/*.test.js`)
  if (
    !values['simulation-only'] &&
    !run([mocha, '--no-config', '--bail', '--reporter', 'dot', '--timeout', '5000', ...specs])
  )
    return 'tests'
  const simulation = `
    import { simulate } from '${join(work, 'simulation/simulate.js')}'
    for (let seed = 1; seed <= ${Number(values.seeds)}; seed++) if (simulate({ seed, steps: 3000 }).failure) process.exit(1)`
  return run(['--input-type=module', '--eval', simulation]) ? undefined : 'simulation'
}

/** False: it failed, or it did not come to an end. */
function run(args) {
  return spawnSync(process.execPath, args, { cwd: room, stdio: 'ignore', timeout: 90_000 }).status === 0
}
