'use strict'
// Mocha's spec reporter, which also leaves the totals of its project for `test-results.js` to add up.
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs')
const { join, resolve } = require('node:path')
const { reporters } = require('mocha')

const folder = resolve(__dirname, '../../.test-results')

module.exports = class TotalsReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once('end', () => {
      const project = JSON.parse(readFileSync('package.json', 'utf8')).name
      const { passes, failures, pending } = this.stats
      mkdirSync(folder, { recursive: true })
      const file = join(folder, `${project}.json`)
      mkdirSync(resolve(file, '..'), { recursive: true })
      writeFileSync(file, JSON.stringify({ project, passed: passes, failed: failures, skipped: pending }) + '\n')
    })
  }
}
