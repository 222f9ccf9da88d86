#!/usr/bin/env node
// Adds up what each project's test run left behind, so that `npm test` ends with one line of totals.
// `reset` before the run: a project without a fresh result must not count with an old one.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = resolve(dirname(fileURLToPath(import.meta.url)), '../../.test-results')

if (process.argv[2] === 'reset') rmSync(folder, { recursive: true, force: true })
else print()

function print() {
  const totals = { passed: 0, failed: 0 }
  for (const file of resultFiles()) {
    const { project, passed, failed } = JSON.parse(readFileSync(file, 'utf8'))
    console.log(`${project.padEnd(28)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed`)
    totals.passed += passed
    totals.failed += failed
  }
  if (totals.passed + totals.failed === 0) {
    console.error('No test was run')
    process.exit(1)
  }
  console.log(`${totals.passed} passed, ${totals.failed} failed`)
}

function resultFiles() {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
