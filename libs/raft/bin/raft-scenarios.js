#!/usr/bin/env node
// Runs every scenario file under a directory: RAFT_SCENARIOS, or what lies beside the repository, or the argument.
//
//   raft-scenarios [--rewrite] [DIR]
//
// --rewrite puts what was printed in place of what was expected.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runScenario } from '../dist/scenarios/run-scenario.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const { values, positionals } = parseArgs({ allowPositionals: true, options: { rewrite: { type: 'boolean' } } })
const folder = resolve(positionals[0] ?? process.env.RAFT_SCENARIOS ?? join(root, '../shared/raft/etcd'))

if (existsSync(folder)) runAll(folder)
else console.log(`No scenarios to run: there is no ${folder} (set RAFT_SCENARIOS)`)

function runAll(from) {
  let passed = 0
  let failed = 0
  for (const file of scenarioFiles(from)) {
    if (runFile(from, file)) passed++
    else failed++
  }
  console.log(`${passed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}

function scenarioFiles(from) {
  return readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.txt'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function runFile(from, file) {
  const name = relative(from, file)
  try {
    const { directiveCount, mismatches, rewritten } = runScenario(readFileSync(file, 'utf8'))
    if (values.rewrite) writeFileSync(file, rewritten)
    if (mismatches.length === 0 || values.rewrite) {
      console.log(`ok      ${name} (${directiveCount} commands)`)
      return true
    }
    console.log(`FAILED  ${name} (${mismatches.length} of ${directiveCount} commands)`)
    printMismatch(name, mismatches[0])
  } catch (error) {
    console.log(`FAILED  ${name}: ${error.message}`)
  }
  return false
}

function printMismatch(name, { line, command, expected, actual }) {
  console.error(`\n${name}:${line}: ${command}\n--- expected\n${expected}\n--- actual\n${actual}`)
}
