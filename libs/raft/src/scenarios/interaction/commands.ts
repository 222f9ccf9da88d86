import { type Transition } from '../../core/conf-change.js'
import { createMessage, type MessageType } from '../../core/message.js'
import { type ProposeResult } from '../../core/propose.js'
import { type Directive } from '../data-driven.js'
import { parseChanges, describeProgressMap } from '../describe-membership.js'
import { describeMessage, messageNames, printed, roleNames } from '../describe-message.js'
import { logLevels } from '../describe-event.js'
import { voterIds } from '../../core/tracker.js'
import { encodeText } from '../text.js'
import { addNodes } from './add-nodes.js'
import { type Environment, type Recipient } from './environment.js'
import { type ScenarioNode } from './scenario-node.js'

/** Runs one directive. What it returns is an error to print. */
export type Command = (environment: Environment, directive: Directive) => string | undefined

/** The language of the interaction scenarios, whole. A command exists when it is in this table. */
export const commands: Readonly<Record<string, Command>> = {
  _breakpoint: () => undefined,
  'add-nodes': addNodes,
  campaign: (environment, directive) => {
    firstNode(environment, directive).core.campaign()
    return undefined
  },
  compact,
  'deliver-msgs': deliverMessages,
  'process-ready': (environment, directive) =>
    forEachNode(environment, directive, 'handling Ready', (node) => environment.processReady(node)),
  'process-append-thread': (environment, directive) =>
    forEachNode(environment, directive, 'processing append thread', (node) => {
      if (!environment.processAppend(node)) environment.output.print('no append work to perform')
    }),
  'process-apply-thread': (environment, directive) =>
    forEachNode(environment, directive, 'processing apply thread', (node) => {
      if (!environment.processApply(node)) environment.output.print('no apply work to perform')
    }),
  'log-level': (environment, { args }) => setLevel(environment, args[0]?.key ?? ''),
  'raft-log': (environment, directive) => {
    environment.printLog(firstNode(environment, directive))
    return undefined
  },
  'raft-state': printState,
  'set-randomized-election-timeout': (environment, directive) => {
    firstNode(environment, directive).core.overrideElectionTimeout(numberOf(directive, 'timeout'))
    return undefined
  },
  stabilize,
  status: (environment, directive) => {
    const { progress } = firstNode(environment, directive).core.status()
    if (progress.size > 0) environment.output.print(describeProgressMap(progress))
    return undefined
  },
  'tick-election': (environment, directive) => {
    const node = firstNode(environment, directive)
    return tick(node, node.config.electionTimeoutTicks)
  },
  'tick-heartbeat': (environment, directive) => {
    const node = firstNode(environment, directive)
    return tick(node, node.config.heartbeatTimeoutTicks)
  },
  'transfer-leadership': (environment, directive) => {
    environment.node(numberOf(directive, 'from')).core.transferLeader(numberOf(directive, 'to'))
    return undefined
  },
  'forget-leader': (environment, directive) => {
    firstNode(environment, directive).core.forgetLeader()
    return undefined
  },
  'send-snapshot': sendSnapshot,
  propose: (environment, directive) => {
    const data = directive.args[1]?.key ?? ''
    return proposalError(firstNode(environment, directive).core.propose(encodeText(data)))
  },
  'propose-conf-change': proposeConfChange,
  'report-unreachable': (environment, directive) => {
    const [reporter, reported, ...more] = positionals(directive)
    if (reporter === undefined || reported === undefined || more.length > 0) {
      return 'must specify exactly two node indexes: node on which to report, and reported node'
    }
    environment.node(reporter).core.reportUnreachable(reported)
    return undefined
  },
  // From here on: commands that only our own scenarios use.
  'read-index': (environment, directive) => {
    const [node = 0, context = 0] = positionals(directive)
    const result = environment.node(node).core.readIndex(context)
    return result.kind === 'dropped' ? `read dropped: ${result.reason}` : undefined
  },
  'report-snapshot': (environment, directive) => {
    const [reporter = 0, reported = 0] = positionals(directive)
    environment.node(reporter).core.reportSnapshot(reported, valueOf(directive, 'failed') !== 'true')
    return undefined
  },
  restart: (environment, directive) => {
    firstNode(environment, directive).restart()
    return undefined
  },
}

const inputNames: ReadonlySet<string> = new Set(
  ['Hup', 'Beat', 'Unreachable', 'SnapStatus', 'CheckQuorum', 'ForgetLeader', 'StorageAppend', 'StorageApply'].map(
    (name) => `Msg${name}`,
  ),
)

function positionals({ args }: Directive): readonly number[] {
  return args.filter((one) => one.values.length === 0 && !one.key.includes('=')).map((one) => numberFrom(one.key))
}

function numberFrom(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`"${text}" is not a number`)
  return Number(text)
}

function valueOf({ args }: Directive, key: string): string | undefined {
  return args.find((one) => one.key === key)?.values[0]
}

function numberOf(directive: Directive, key: string): number {
  const value = valueOf(directive, key)
  if (value === undefined) throw new Error(`${directive.command} needs ${key}=`)
  return numberFrom(value)
}

function firstNode(environment: Environment, { command, args }: Directive): ScenarioNode {
  const first = args[0]
  if (first === undefined) throw new Error(`${command} needs a node`)
  return environment.node(numberFrom(first.key))
}

function nodesOf(environment: Environment, directive: Directive): readonly ScenarioNode[] {
  return positionals(directive).map((id) => environment.node(id))
}

function forEachNode(
  environment: Environment,
  directive: Directive,
  title: string,
  handle: (node: ScenarioNode) => void,
): undefined {
  const nodes = nodesOf(environment, directive)
  for (const node of nodes) {
    if (nodes.length === 1) {
      handle(node)
      continue
    }
    environment.output.print(`> ${node.id} ${title}`)
    environment.output.indented(() => handle(node))
  }
  return undefined
}

function tick(node: ScenarioNode, ticks: number): undefined {
  for (let count = 0; count < ticks; count++) node.core.tick()
  return undefined
}

function setLevel(environment: Environment, name: string): string | undefined {
  return environment.output.setLevel(name) ? undefined : `log levels must be either of [${logLevels.join(' ')}]`
}

function stabilize(environment: Environment, directive: Directive): string | undefined {
  const before = environment.output.level
  const level = valueOf(directive, 'log-level')
  const error = level === undefined ? undefined : setLevel(environment, level)
  if (error !== undefined) return error
  environment.stabilize(nodesOf(environment, directive))
  // What was printed at the level stays; only what follows is louder again.
  environment.output.setLevel(before)
  return undefined
}

function compact(environment: Environment, directive: Directive): string | undefined {
  const node = firstNode(environment, directive)
  const [, index = 0] = positionals(directive)
  if (!node.log.compact(index)) return 'requested index is unavailable due to compaction'
  environment.printLog(node)
  return undefined
}

function deliverMessages(environment: Environment, directive: Directive): undefined {
  const recipients: Recipient[] = []
  let type: MessageType | undefined
  let isKnown = true
  for (const { key, values } of directive.args) {
    if (values.length === 0) recipients.push({ id: numberFrom(key), drop: false })
    if (key === 'drop') recipients.push(...values.map((value) => ({ id: numberFrom(value), drop: true })))
    if (key === 'type') {
      type = typeNamed(values[0] ?? '')
      isKnown = type !== undefined
    }
  }
  const delivered = new Set(recipients.filter((one) => !one.drop).map((one) => one.id))
  const both = recipients.find((one) => one.drop && delivered.has(one.id))
  if (both !== undefined) throw new Error(`can't both deliver and drop msgs to ${both.id}`)
  if (!isKnown || environment.deliver(recipients, type) === 0) environment.output.print('no messages')
  return undefined
}

/** Undefined: inputs of a node, which are messages in the files but never travel here. */
function typeNamed(name: string): MessageType | undefined {
  const types = Object.keys(messageNames) as MessageType[]
  const type = types.find((one) => messageNames[one] === name)
  if (type === undefined && !inputNames.has(name)) throw new Error(`unknown message type ${name}`)
  return type
}

function printState(environment: Environment): undefined {
  for (const node of environment.nodes) {
    const { id, role, term, leader, confState } = node.core.status()
    const part = voterIds(confState).includes(id) ? '(Voter)' : '(Non-Voter)'
    environment.output.print(`${id}: ${roleNames[role]} ${part} Term:${term} Lead:${leader}`)
  }
  return undefined
}

function sendSnapshot(environment: Environment, directive: Directive): undefined {
  const [from = 0, to = 0] = positionals(directive)
  const sender = environment.node(from)
  const { term } = sender.core.status()
  const message = createMessage({
    type: 'Snapshot',
    from,
    to,
    term,
    snapshot: sender.log.snapshot(),
  })
  environment.messages.push(message)
  environment.output.print(describeMessage(printed(message)))
  return undefined
}

function proposeConfChange(environment: Environment, directive: Directive): string | undefined {
  const node = firstNode(environment, directive)
  const transition = valueOf(directive, 'transition') ?? 'auto'
  const isSingle = /^(1|t|true)$/i.test(valueOf(directive, 'v1') ?? '')
  if (!isTransition(transition)) return `unknown transition ${transition}`
  const parsed = parseChanges(directive.input)
  if (parsed.kind === 'error') return parsed.message
  const change = { transition, changes: parsed.changes }
  if (!isSingle) return proposalError(node.core.proposeConfChange(change))
  if (parsed.changes.length > 1 || transition !== 'auto') {
    return 'v1 conf change can only have one operation and no transition'
  }
  return proposalError(node.core.proposeSingleConfChange(change))
}

function isTransition(name: string): name is Transition {
  return name === 'auto' || name === 'implicit' || name === 'explicit'
}

function proposalError(result: ProposeResult): string | undefined {
  return result.kind === 'dropped' ? 'raft proposal dropped' : undefined
}
