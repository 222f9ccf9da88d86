import { writeSync } from 'node:fs'
import { reasonOf } from '@walrus/core'
import { Victim } from './victim-life.js'
import { lineOf, type Report } from './report.js'
import type { VictimOrder } from './victim-plan.js'

/** A process that uses the engine until it is killed: `node victim.js ORDER`. What it says goes to standard output. */
const say = (report: Report): void => {
  for (let rest = Buffer.from(lineOf(report)); rest.length > 0;) rest = rest.subarray(writeSync(1, rest))
}

const fail = (error: unknown): never => {
  say({ is: 'broken', why: error instanceof Error ? (error.stack ?? error.message) : reasonOf(error) })
  process.exit(1)
}

say({ is: 'starting' })
process.on('unhandledRejection', fail)
const order = JSON.parse(process.argv[2] ?? '') as VictimOrder
await new Victim(order, say, fail).live().catch(fail)
process.exit()
