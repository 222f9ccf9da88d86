import { endPosition } from '@walrus/core'
import { describeCommand } from '../actions/roll-over.js'
import { counted, describeLog, describeOperation } from '../model/records.js'
import type { Acknowledged, Copy, State, Writer } from '../model/state.js'
import { itemAt, newestTopic, nodeIds, nodeOf, partOf, segmentName, topicName } from '../model/update.js'

/** A state in words, a line for each thing that somebody has or was told. */
export function describeState(state: State): readonly string[] {
  const topics = [...state.clients.keys()]
  return [
    ...topics.flatMap((topic) => describeTopic(state, topic)),
    ...state.proposals.map((command) => `may yet be applied: ${describeCommand(command)}`),
  ]
}

function describeTopic(state: State, topic: number): readonly string[] {
  const nodes = nodeIds(state).flatMap((node) => describeNode(state, node, topic))
  return [...describeSegments(state, topic), ...nodes, ...describeClients(state, topic)]
}

function describeSegments(state: State, topic: number): readonly string[] {
  return newestTopic(state, topic).segments.map((segment) => {
    const { id, leader, epoch, state: phase } = segment
    const end = phase === 'sealed' ? ` behind ${counted(endPosition(segment), 'record')}` : ''
    return `${segmentName(id, topic)} is ${phase}${end}, at epoch ${epoch}, led by node ${leader}`
  })
}

function describeNode(state: State, node: number, topic: number): readonly string[] {
  const { up } = nodeOf(state, node)
  const { copies, writer } = partOf(state, { node, topic })
  const parts = copies.flatMap((copy, index) => (copy === undefined ? [] : [describeCopy(copy, index + 1)]))
  if (writer !== undefined) parts.push(describeWriter(writer))
  const what = parts.length === 0 ? `nothing of ${topicName(topic)}` : parts.join('; ')
  return [`node ${node}${up ? '' : ' is down and'} has ${what}`]
}

function describeCopy({ log, durable }: Copy, segment: number): string {
  const held = log.length === 0 ? 'no record' : `"${describeLog(log)}"`
  const lost = durable < log.length ? `, ${durable} of them durable` : ''
  return `${held}${lost} in segment ${segment}`
}

function describeWriter({ segment, epoch, gate, committed }: Writer): string {
  const settled = counted(committed, 'record')
  return `a writer of segment ${segment} at epoch ${epoch}, whose gate is ${gate} and which has settled ${settled}`
}

function describeClients(state: State, topic: number): readonly string[] {
  const { acked, delivered } = itemAt(state.clients, topic)
  const told = [
    ['acknowledged', acked],
    ['delivered', delivered],
  ] as const
  return told.flatMap(([what, list]) => (list.length === 0 ? [] : [`${what}: ${list.map(describeTold).join(', ')}`]))
}

function describeTold({ operation, offset }: Acknowledged): string {
  return `${describeOperation(operation)} at offset ${offset}`
}
