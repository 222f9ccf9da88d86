#!/usr/bin/env node
// Runs TLC on Walrus.tla.
//
//   spec-tlc [NAME.cfg | --mutation NAME] [-- OPTION OF TLC ...]
//
// The tools are found by TLA2TOOLS_JAR (the path of tla2tools.jar) or by CLASSPATH; Java is needed too.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = join(dirname(fileURLToPath(import.meta.url)), '..')
const MISSING = `Cannot run TLC: TLA2TOOLS_JAR is not set, and CLASSPATH does not name tla2tools.jar
  Get tla2tools.jar from the releases of github.com/tlaplus/tlaplus, then
    TLA2TOOLS_JAR=/path/to/tla2tools.jar npm run spec:tlc`

process.exitCode = main(process.argv.slice(2))

function main(argv) {
  const tools = process.env.TLA2TOOLS_JAR ?? process.env.CLASSPATH
  if (!tools?.includes('tla2tools')) return refuse(MISSING)
  if (spawnSync('java', ['-version']).error) return refuse('Cannot run TLC: there is no java on the PATH')
  const end = argv.indexOf('--')
  const own = end < 0 ? argv : argv.slice(0, end)
  const passed = end < 0 ? [] : argv.slice(end + 1)
  const scratch = mkdtempSync(join(tmpdir(), 'walrus-tlc-'))
  try {
    const config = own[0] === '--mutation' ? mutated(scratch, own[1] ?? '') : join(folder, own[0] ?? 'Walrus.cfg')
    return run(tools, config, scratch, passed)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function run(tools, config, scratch, passed) {
  const java = ['-XX:+UseParallelGC', '-cp', tools, 'tlc2.TLC']
  const options = ['-workers', 'auto', '-metadir', scratch, '-lncheck', 'final', '-config', config, ...passed]
  return spawnSync('java', [...java, ...options, join(folder, 'Walrus.tla')], { stdio: 'inherit' }).status ?? 2
}

/** The configuration in which that fault does harm, with the fault. */
function mutated(scratch, name) {
  const { base, ...constants } = JSON.parse(readFileSync(join(folder, 'mutations.json'), 'utf8'))[name] ?? {}
  if (base === undefined) throw new Error(`Cannot run TLC: mutation "${name}" is not in mutations.json`)
  let text = readFileSync(join(folder, base), 'utf8').replace('Mutation = "none"', `Mutation = "${name}"`)
  for (const [constant, value] of Object.entries(constants)) {
    text = text.replace(new RegExp(`^  ${constant} = .*$`, 'm'), `  ${constant} = ${value}`)
  }
  const config = join(scratch, 'mutated.cfg')
  writeFileSync(config, text)
  return config
}

function refuse(message) {
  console.error(message)
  return 2
}
