#!/usr/bin/env node
// Compiles the native part of a package: build-native.js NAME SOURCE... makes build/NAME in the current folder, an addon
// where the name ends in .node, else a program.
// It needs a C compiler and the headers of the running Node, nothing from the network. Native parts are optional: what is
// missing is said in one line, and the exit code is 0; whoever wants the native part finds out at run time.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const [name, ...sources] = process.argv.slice(2)
const output = resolve('build', name)
const failure = process.platform === 'linux' ? compile() : 'it is for Linux only'
console.log(failure === undefined ? `${name}: built` : `${name}: not built, going on without it: ${failure}`)

/** The reason why it is not built, if it is not. */
function compile() {
  rmSync(output, { force: true })
  const headers = headerFolder()
  if (headers === undefined) return `no headers of Node beside ${process.execPath}; npm_config_nodedir can name others`
  mkdirSync(dirname(output), { recursive: true })
  const compiler = process.env.CC ?? 'cc'
  const flags = (process.env.WALRUS_NATIVE_CFLAGS ?? '-O2').split(' ')
  const shared = name.endsWith('.node') ? ['-shared', '-fPIC', '-fvisibility=hidden'] : []
  // Under another name until it is whole: a process that runs may have the old one loaded.
  const unfinished = `${output}.${process.pid}`
  const options = ['-std=gnu11', '-g', '-Wall', '-Wextra', ...shared, ...flags, `-I${headers}`, '-o', unfinished]
  const run = spawnSync(compiler, [...options, ...sources], { encoding: 'utf8' })
  if (run.error) return `${compiler} cannot be run (${run.error.code})`
  const [complaint] = run.stderr.split('\n').filter((line) => /error|warning/.test(line))
  if (run.status !== 0) return `${compiler} failed: ${complaint ?? run.stderr.trim()}`
  if (complaint !== undefined) console.warn(complaint)
  renameSync(unfinished, output)
  return undefined
}

function headerFolder() {
  const prefix = dirname(dirname(process.execPath))
  const named = process.env.npm_config_nodedir
  const candidates = [...(named ? [named] : []), prefix].map((folder) => join(folder, 'include', 'node'))
  return [...candidates, '/usr/include/node', '/usr/include/nodejs/src'].find((folder) =>
    ['node_api.h', 'uv.h'].every((header) => existsSync(join(folder, header))),
  )
}
