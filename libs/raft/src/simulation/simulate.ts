import { leaveJointChange } from '../core/conf-change.js'
import { violated } from '../core/invariant.js'
import { type RaftCore } from '../core/raft-core.js'
import { emptyBytes, type LogIndex, type Term } from '../core/types.js'
import { SimulatedGroup } from './group.js'
import { drawPolicy, type ActionName, type Policy } from './policy.js'
import { RandomStream } from './random.js'
import { type Sabotage } from './sabotage.js'
import { type SimulatedNode } from './simulated-node.js'

export interface SimulationOptions {
  readonly seed: number
  /** How many steps go by under faults. */
  readonly steps: number
  readonly sabotage?: Sabotage
}

/** What a run was like. The same options always give the same result. */
export interface SimulationResult {
  readonly seed: number
  /** Hash over everything that happened. */
  readonly traceHash: number
  /** What was violated, and in which step; undefined when all went well. */
  readonly failure: { readonly step: number; readonly message: string } | undefined
  readonly committedIndex: number
  readonly completedWrites: number
  readonly completedReads: number
}

/** Runs a group under the faults that the seed draws, then heals everything and asks for progress. */
export function simulate({ seed, steps, sabotage }: SimulationOptions): SimulationResult {
  const random = new RandomStream(seed)
  const policy = drawPolicy(random)
  let traceHash = 0
  let step = 0
  let failure: SimulationResult['failure']
  const group = new SimulatedGroup(random, policy, sabotage)
  const draw = actionDraw(random, policy)
  try {
    for (; step < steps; step++) {
      let action = draw()
      group.lastEvent = 0
      // What has nothing to do costs no step: time passes quickly where all is quiet.
      for (let tries = 0; tries < 20 && !group.actions[action](); tries++) action = draw()
      traceHash = Math.imul(traceHash ^ group.lastEvent ^ action.length, 0x01000193)
    }
    recover(group)
  } catch (error) {
    failure = { step, message: error instanceof Error ? error.message : String(error) }
  }
  const { completedWrites, completedReads } = group.history
  const committedIndex = group.oracle.committedIndex
  traceHash = Math.imul(traceHash ^ committedIndex, 0x01000193) >>> 0
  return { seed, traceHash, failure, committedIndex, completedWrites, completedReads }
}

/** Draws actions as often as the policy says. */
function actionDraw(random: RandomStream, { weights }: Policy): () => ActionName {
  const table: ActionName[] = []
  for (const name of Object.keys(weights) as ActionName[]) {
    for (let count = Math.round(weights[name] * 4); count > 0; count--) table.push(name)
  }
  return () => random.pick(table)
}

const roundsMax = 600

/**
 * With all faults gone the group must come to one leader, leave its joint configuration, and bring a fresh write to every
 * member: a group that is safe but stuck is of no use.
 */
function recover(group: SimulatedGroup): void {
  group.network.heal()
  for (const node of group.nodes) {
    node.isPaused = false
    if (node.core === undefined) node.restart()
  }
  let write: FreshWrite | undefined
  for (let round = 0; round < roundsMax; round++) {
    settle(group)
    for (const node of group.nodes) {
      node.core?.tick()
      group.check(node)
    }
    const leader = leaderOf(group)
    if (leader?.core === undefined) continue
    leaveByHand(leader.core)
    group.check(leader)
    // What an earlier leader took in may have been lost with it.
    if (write?.term !== leader.term) write = startFreshWrite(group, leader)
    else if (isEverywhere(group, leader, write.index)) return
  }
  const roles = group.nodes.map(({ id, role, term, commitIndex }) => `${id}: ${role} ${term}/${commitIndex}`).join(', ')
  violated(`the healed group makes no progress: ${roles}`)
}

/** Does all work that there is, with nothing lost and in order. */
function settle(group: SimulatedGroup): void {
  for (let round = 0; round < 200; round++) {
    let busy = false
    for (const node of group.nodes) {
      while (node.handleReady() || node.finishWrite() || node.finishApply()) {
        busy = true
        group.check(node)
      }
    }
    for (const message of group.network.takeAll()) {
      busy = true
      group.transmit(message, true)
    }
    if (!busy) return
  }
}

function leaderOf(group: SimulatedGroup): SimulatedNode | undefined {
  const leaders = group.nodes.filter(({ role }) => role === 'leader')
  return leaders.sort((left, right) => right.term - left.term)[0]
}

interface FreshWrite {
  readonly term: Term
  readonly index: LogIndex
}

/** Undefined while the group takes none. */
function startFreshWrite(group: SimulatedGroup, leader: SimulatedNode): FreshWrite | undefined {
  const result = leader.core?.propose(emptyBytes)
  group.check(leader)
  return result?.kind === 'appended' ? result : undefined
}

/** Nobody but an operator leaves an explicit joint configuration; a leader that would go with it must transfer first. */
function leaveByHand(core: RaftCore): void {
  const { votersOutgoing, autoLeave, voters } = core.status().confState
  if (votersOutgoing.length === 0 || autoLeave) return
  const result = core.proposeConfChange(leaveJointChange)
  const successor = voters.find((id) => id !== core.id)
  if (result.kind === 'dropped' && result.reason === 'leader-would-leave' && successor !== undefined) {
    core.transferLeader(successor)
  }
}

function isEverywhere(group: SimulatedGroup, leader: SimulatedNode, index: number): boolean {
  const confState = leader.core?.status().confState
  if (confState === undefined || confState.votersOutgoing.length > 0) return false
  const members = [...confState.voters, ...confState.learners]
  return members.every((id) => (group.nodes[id - 1]?.machine.index ?? 0) >= index)
}
