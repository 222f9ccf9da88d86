import { changeSimply, enterJoint, leaveJoint, type Membership, type MembershipResult } from '../core/membership.js'
import { progressStatus } from '../core/tracker.js'
import { emptyConfState } from '../core/types.js'
import { type Directive } from './data-driven.js'
import { describeConfiguration, describeProgressMap, describeRefusal, parseChanges } from './describe-membership.js'

/** A membership that a file changes step by step; every directive counts as one log entry. */
export class MembershipScenario {
  #membership: Membership = { confState: emptyConfState, progress: new Map() }
  #lastIndex = 0

  /** Runs `simple`, `enter-joint` or `leave-joint`. */
  run(directive: Directive): string {
    const lastIndex = this.#lastIndex++
    const parsed = parseChanges(directive.input)
    if (parsed.kind === 'error') return parsed.message
    const start = { lastIndex, limits: { messages: 10, bytes: Number.POSITIVE_INFINITY } }
    let result: MembershipResult
    switch (directive.command) {
      case 'simple':
        result = changeSimply(this.#membership, parsed.changes, start)
        break
      case 'enter-joint':
        result = enterJoint(this.#membership, parsed.changes, isTrue(directive, 'autoleave'), start)
        break
      case 'leave-joint':
        if (parsed.changes.length > 0) return 'this command takes no input\n'
        result = leaveJoint(this.#membership)
        break
      default:
        return 'unknown command'
    }
    if (result.kind === 'refused') return `${describeRefusal(result.reason)}\n`
    this.#membership = result.membership
    return this.#describe()
  }

  #describe(): string {
    const { confState, progress } = this.#membership
    const statuses = new Map([...progress].map(([id, one]) => [id, progressStatus(one)]))
    return `${describeConfiguration(confState)}\n${describeProgressMap(statuses)}`
  }
}

function isTrue({ args }: Directive, key: string): boolean {
  return args.some((one) => one.key === key && one.values[0] === 'true')
}
