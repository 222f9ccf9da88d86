#!/usr/bin/env node
// Runs TLC on Walrus.tla.
//
//   spec-tlc [NAME.cfg | --mutation NAME] [-- OPTION OF TLC ...]
//
// The tools are found by TLA2TOOLS_JAR (the path of tla2tools.jar) or by CLASSPATH; Java is needed too.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = join(dirname(fileURLToPath(import.meta.url)), '..')
const MISSING = `Cannot run TLC: TLA2TOOLS_JAR is not set, and CLASSPATH does not name tla2tools.jar
  Get tla2tools.jar from the releases of github.com/tlaplus/tlaplus, then
    TLA2TOOLS_JAR=/path/to/tla2tools.jar npm run spec:tlc`

process.exitCode = main(process.argv.slice(2))

function main(argv) {
  const tools = process.env.TLA2TOOLS_JAR === undefined ? process.env.CLASSPATH : resolve(process.env.TLA2TOOLS_JAR)
  if (!tools?.includes('tla2tools')) return refuse(MISSING)
  if (spawnSync('java', ['-version']).error) return refuse('Cannot run TLC: there is no java on the PATH')
  const end = argv.indexOf('--')
  const own = end < 0 ? argv : argv.slice(0, end)
  const passed = end < 0 ? [] : argv.slice(end + 1)
  const config = own[0] === '--mutation' ? mutated(own[1]) : configNamed(own[0] ?? 'Walrus.cfg')
  return config === undefined ? refuse(`Cannot run TLC: "${own.join(' ')}" is not known`) : run(tools, config, passed)
}

/** Everything happens in a folder of its own: TLC looks for its files, and leaves some, where it runs. */
function run(tools, config, passed) {
  const scratch = mkdtempSync(join(tmpdir(), 'walrus-tlc-'))
  try {
    copyFileSync(join(folder, 'Walrus.tla'), join(scratch, 'Walrus.tla'))
    writeFileSync(join(scratch, 'Walrus.cfg'), config)
    const options = ['-workers', 'auto', '-lncheck', 'final', ...passed, 'Walrus.tla']
    const java = ['-XX:+UseParallelGC', '-cp', tools, 'tlc2.TLC', ...options]
    return spawnSync('java', java, { cwd: scratch, stdio: 'inherit' }).status ?? 2
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function configNamed(name) {
  const file = join(folder, name)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** The configuration in which that fault does harm, with the fault. */
function mutated(name) {
  const {
    base,
    property,
    constants = {},
  } = JSON.parse(readFileSync(join(folder, 'mutations.json'), 'utf8'))[name] ?? {}
  if (base === undefined) return undefined
  let config = readFileSync(join(folder, base), 'utf8').replace('Mutation = "none"', `Mutation = "${name}"`)
  // TLC says of properties only that one of them is broken.
  if (property !== undefined) config = config.replace(/^PROPERTIES$[^]*/m, `PROPERTY ${property}\n`)
  for (const [constant, value] of Object.entries(constants)) {
    config = config.replace(new RegExp(`^  ${constant} = .*$`, 'm'), `  ${constant} = ${value}`)
  }
  return config
}

function refuse(message) {
  console.error(message)
  return 2
}
