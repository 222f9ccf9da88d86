import { jointIndex, jointVote, majorityIndex, majorityVote, type VoteResult } from '../core/quorum.js'
import { type LogIndex, type NodeId } from '../core/types.js'
import { type Directive } from './data-driven.js'

const voteNames: Readonly<Record<VoteResult, string>> = { pending: 'VotePending', lost: 'VoteLost', won: 'VoteWon' }

/** What a directive says: two halves (the second only in joint tests), and one number for each voter; 0 is "nothing". */
interface QuorumInput {
  readonly voters: readonly NodeId[]
  readonly votersOutgoing: readonly NodeId[]
  readonly isJoint: boolean
  readonly numbers: readonly number[]
}

const voteNumbers: Readonly<Record<string, number>> = { y: 2, n: 1, _: 0 }

/** Runs `committed` or `vote`. Results that must agree for any input are compared on the way, and printed if they do not. */
export function runQuorumDirective(directive: Directive): string {
  if (directive.command !== 'committed' && directive.command !== 'vote') {
    throw new Error(`unknown command: ${directive.command}`)
  }
  const input = readInput(directive)
  const all = [...new Set([...input.voters, ...input.votersOutgoing])]
  if (all.length !== input.numbers.length) {
    const ids = [...all].sort((left, right) => left - right)
    const given = input.numbers.join(' ')
    return `error: mismatched input (explicit or _) for voters map[${ids.map((id) => `${id}:{}`).join(' ')}]: [${given}]`
  }
  const numbers = new Map<NodeId, number>()
  all.forEach((id, at) => {
    const number = input.numbers[at] ?? 0
    if (number !== 0) numbers.set(id, number)
  })
  return directive.command === 'committed' ? committed(input, numbers) : vote(input, numbers)
}

function readInput({ args, command }: Directive): QuorumInput {
  const list = (key: string) => args.filter((one) => one.key === key).flatMap((one) => one.values)
  const outgoing = list('cfgj')
  return {
    voters: distinct(list('cfg').map(Number)),
    votersOutgoing: outgoing[0] === 'zero' ? [] : distinct(outgoing.map(Number)),
    isJoint: args.some((one) => one.key === 'cfgj'),
    numbers:
      command === 'committed'
        ? list('idx').map((value) => (value === '_' ? 0 : Number(value)))
        : list('votes').map(readVote),
  }
}

function readVote(value: string): number {
  const number = voteNumbers[value]
  if (number === undefined) throw new Error(`unknown vote: ${value}`)
  return number
}

function committed({ voters, votersOutgoing, isJoint }: QuorumInput, indexes: ReadonlyMap<NodeId, LogIndex>): string {
  const acknowledged = (id: NodeId) => indexes.get(id) ?? 0
  const both = { voters, votersOutgoing }
  const index = isJoint ? jointIndex(both, acknowledged) : majorityIndex(voters, acknowledged)
  let text = describeIndexes(distinct([...voters, ...votersOutgoing]), indexes)
  const alternatives: readonly (readonly [string, LogIndex])[] = isJoint
    ? [['symmetry', jointIndex({ voters: votersOutgoing, votersOutgoing: voters }, acknowledged)]]
    : [
        ['alternative computation', countedIndex(voters, acknowledged)],
        ['zero-joint quorum', jointIndex({ voters, votersOutgoing: [] }, acknowledged)],
        ['self-joint quorum', jointIndex({ voters, votersOutgoing: voters }, acknowledged)],
      ]
  for (const [name, other] of alternatives) if (other !== index) text += `${describeIndex(other)} <-- via ${name}\n`
  return `${text}${describeIndex(index)}\n`
}

function vote({ voters, votersOutgoing, isJoint }: QuorumInput, numbers: ReadonlyMap<NodeId, number>): string {
  const votes = new Map([...numbers].map(([id, number]) => [id, number !== 1]))
  if (!isJoint) return `${voteNames[majorityVote(voters, votes)]}\n`
  const result = jointVote({ voters, votersOutgoing }, votes)
  const swapped = jointVote({ voters: votersOutgoing, votersOutgoing: voters }, votes)
  const note = swapped === result ? '' : `${voteNames[swapped]} <-- via symmetry\n`
  return `${note}${voteNames[result]}\n`
}

/** The slow and obvious way: the largest index that more than half of the voters have reached. */
function countedIndex(voters: readonly NodeId[], acknowledged: (id: NodeId) => LogIndex): LogIndex {
  if (voters.length === 0) return Number.POSITIVE_INFINITY
  let best = 0
  for (const candidate of voters.map(acknowledged)) {
    const reached = voters.filter((id) => acknowledged(id) >= candidate).length
    if (reached > voters.length / 2) best = Math.max(best, candidate)
  }
  return best
}

/** A bar for each voter: the longer, the more voters are behind it. */
function describeIndexes(ids: readonly NodeId[], indexes: ReadonlyMap<NodeId, LogIndex>): string {
  if (ids.length === 0) return '<empty majority quorum>'
  const count = ids.length
  const ordered = [...ids].sort((left, right) => (indexes.get(left) ?? 0) - (indexes.get(right) ?? 0))
  let text = `${' '.repeat(count)}    idx\n`
  for (const id of [...ids].sort((left, right) => left - right)) {
    const index = indexes.get(id)
    const bar = ordered.findIndex((other) => (indexes.get(other) ?? 0) === (index ?? 0))
    const mark = index === undefined ? `?${' '.repeat(count)}` : `${'x'.repeat(bar)}>${' '.repeat(count - bar)}`
    text += `${mark} ${String(index ?? 0).padStart(5)}    (id=${id.toString(16)})\n`
  }
  return text
}

function describeIndex(index: LogIndex): string {
  return index === Number.POSITIVE_INFINITY ? '∞' : String(index)
}

function distinct(ids: readonly NodeId[]): readonly NodeId[] {
  return [...new Set(ids)]
}
