import type { ClusterMetadata, MetadataCommand, NodeId } from '@walrus/core'
import type { Faults } from './configuration.js'
import type { Client, Copy, Node, NodeTopic, Recovery, State, Writer } from './state.js'
import { itemAt } from './update.js'

/**
 * The same text for states that differ only in which node is which. Nodes are put in the order of what each is by
 * itself; where some are alike, the least of the texts that their orders give is taken.
 */
export function canonicalKey(state: State): string {
  const marks = state.nodes.map((node, index) => localText(state, node, index + 1))
  let least: string | undefined
  for (const order of ordersOf(marks)) {
    const text = stateText(state, order)
    if (least === undefined || text < least) least = text
  }
  return least ?? ''
}

/** Old node id − 1 → new node id, and all of them as a text. */
interface Renaming {
  readonly ids: readonly NodeId[]
  readonly name: string
}

/** Each order of the nodes that ascends by their marks. */
function ordersOf(marks: readonly string[]): readonly Renaming[] {
  const sorted = marks
    .map((_, index) => index)
    .sort((left, right) => (itemAt(marks, left) < itemAt(marks, right) ? -1 : 1))
  let orders: number[][] = [[]]
  for (let at = 0; at < sorted.length;) {
    const alike = sorted.filter((index) => marks[index] === marks[itemAt(sorted, at)])
    const arrangements = permutations(alike)
    orders = orders.flatMap((order) => arrangements.map((more) => [...order, ...more]))
    at += alike.length
  }
  return orders.map(renamingOf)
}

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]))
}

function renamingOf(order: readonly number[]): Renaming {
  const ids: number[] = []
  for (const [place, index] of order.entries()) ids[index] = place + 1
  return { ids, name: ids.join('') }
}

/** What a node is by itself, without a word about any other node. */
function localText(state: State, node: Node, id: NodeId): string {
  return ownText(node) + roleText(itemAt(state.history, state.history.length - 1), id)
}

const ownTexts = new WeakMap<Node, string>()

function ownText(node: Node): string {
  let text = ownTexts.get(node)
  if (text === undefined) {
    text = `${node.up ? 'u' : 'd'}${node.view}.${node.silence}:${node.topics.map(partText).join(';')}~`
    ownTexts.set(node, text)
  }
  return text
}

function partText({ copies, writer, inherited }: NodeTopic): string {
  const writing = writer === undefined ? '' : writerText(writer)
  return `${copies.map(copyText).join('|')}/${writing}/${inherited}`
}

const copyTexts = new WeakMap<Copy, string>()

function copyText(copy: Copy | undefined): string {
  if (copy === undefined) return ''
  let text = copyTexts.get(copy)
  if (text === undefined) {
    const { log, durable, ended, fencedEpoch, start, confirmed, committed } = copy
    const began = `${start.cursor}.${start.sequences.join('.')}`
    text = `${log.join()}${ended ? '!' : ':'}${durable},${fencedEpoch},${confirmed},${committed},${began}`
    copyTexts.set(copy, text)
  }
  return text
}

const writerTexts = new WeakMap<Writer, string>()

function writerText(writer: Writer): string {
  let text = writerTexts.get(writer)
  if (text === undefined) {
    const { segment, epoch, gate, forced, committed, counted, cursor, serving } = writer
    const commit = serving === undefined ? '' : `${serving.offset}@${serving.position}`
    text = `${segment}e${epoch}${gate.slice(0, 2)}${gate.length}${forced ? '!' : ''},${committed},${counted},${cursor},${commit}`
    writerTexts.set(writer, text)
  }
  return text
}

const roleTexts = new WeakMap<ClusterMetadata, string[]>()

function roleText(metadata: ClusterMetadata, id: NodeId): string {
  let known = roleTexts.get(metadata)
  if (known === undefined) roleTexts.set(metadata, (known = []))
  return (known[id] ??= newRoleText(metadata, id))
}

function newRoleText({ topics }: ClusterMetadata, id: NodeId): string {
  let text = ''
  for (const { segments } of topics.values()) for (const { leader } of segments) text += leader === id ? 'L' : '.'
  return text
}

function stateText(state: State, renaming: Renaming): string {
  const nodes: string[] = []
  for (const [index, node] of state.nodes.entries()) {
    const place = itemAt(renaming.ids, index) - 1
    nodes[place] = ownText(node) + foreignText(node, renaming)
  }
  const history = state.history.map((metadata) => metadataText(metadata, renaming)).join('>')
  const proposals = state.proposals.map((command) => commandText(command, renaming)).sort()
  const stretches = state.stretches.map(({ topic, segment, epoch, from, to, position, record, committed }) =>
    [topic, segment, epoch, renaming.ids[from - 1], renaming.ids[to - 1], position, record, committed].join('.'),
  )
  const clients = state.clients.map(clientText).join(';')
  const recoveries = state.recoveries
    .map((topic) =>
      topic
        .map((one) => recoveryText(one, renaming))
        .sort()
        .join('&'),
    )
    .join(';')
  return [
    history,
    proposals.join('&'),
    nodes.join('\n'),
    stretches.sort().join('&'),
    recoveries,
    clients,
    leftText(state.left),
  ].join('\n')
}

const foreignTexts = new WeakMap<Node, Map<string, string>>()

/** What a node knows of others. */
function foreignText(node: Node, renaming: Renaming): string {
  return remembered(foreignTexts, node, renaming, () =>
    node.topics.map((part) => foreignPart(part, renaming)).join(';'),
  )
}

function foreignPart({ writer }: NodeTopic, renaming: Renaming): string {
  if (writer === undefined) return ''
  const seal = writer.seal === undefined ? '' : commandText(writer.seal, renaming)
  return `${reordered(writer.confirmed, renaming)}/${seal}`
}

function recoveryText({ segment, epoch, reports }: Recovery, renaming: Renaming): string {
  return `${segment}e${epoch}:${reordered(reports, renaming)}`
}

function reordered(items: readonly (number | undefined)[], renaming: Renaming): string {
  const moved: (number | string)[] = []
  for (const [index, item] of items.entries()) moved[itemAt(renaming.ids, index) - 1] = item ?? '-'
  return moved.join()
}

const leftTexts = new WeakMap<Faults, string>()

function leftText(left: Faults): string {
  let text = leftTexts.get(left)
  if (text === undefined) leftTexts.set(left, (text = Object.values(left).join()))
  return text
}

function clientText({ acked, delivered }: Client): string {
  const pairs = [acked, delivered].map((list) => list.map(({ operation, offset }) => `${operation}@${offset}`).join())
  return pairs.join('/')
}

const metadataTexts = new WeakMap<ClusterMetadata, Map<string, string>>()

/** Metadata are few and shared by many states, so each text is made once. */
function metadataText(metadata: ClusterMetadata, renaming: Renaming): string {
  return remembered(metadataTexts, metadata, renaming, () => {
    const topics = [...metadata.topics.values()].map(({ segments }) =>
      segments
        .map(({ leader, replicas, epoch, state, entryCount, controlCount }) => {
          const copies = replicas.map((id) => itemAt(renaming.ids, id - 1)).sort()
          return [renaming.ids[leader - 1], copies.join(''), epoch, state[0], entryCount, controlCount].join('.')
        })
        .join('|'),
    )
    return topics.join(';')
  })
}

const commandTexts = new WeakMap<MetadataCommand, Map<string, string>>()

function commandText(command: MetadataCommand, renaming: Renaming): string {
  return remembered(commandTexts, command, renaming, () => {
    if (command.kind === 'FenceSegment') return `F${command.topic}.${command.segment}.${command.epoch}`
    if (command.kind !== 'SealAndRoll') return JSON.stringify(command)
    const { topic, segment, epoch, entryCount, controlCount, nextLeader } = command
    const replicas = command.nextReplicas.map((id) => itemAt(renaming.ids, id - 1)).sort()
    return `S${[topic, segment, epoch, entryCount, controlCount, renaming.ids[nextLeader - 1], replicas.join('')].join('.')}`
  })
}

function remembered<Key extends object>(
  texts: WeakMap<Key, Map<string, string>>,
  key: Key,
  renaming: Renaming,
  make: () => string,
): string {
  let known = texts.get(key)
  if (known === undefined) texts.set(key, (known = new Map()))
  let text = known.get(renaming.name)
  if (text === undefined) known.set(renaming.name, (text = make()))
  return text
}
