import type { ClusterMetadata, MetadataCommand, NodeMetadata, TopicMetadata } from '@walrus/core'

/**
 * One command for each topic and node that differs, naming it: so that listeners, who look at the state for everything else,
 * hear of what a snapshot changed as they hear of what a command changes.
 */
export function commandsBetween(before: ClusterMetadata, after: ClusterMetadata): readonly MetadataCommand[] {
  const commands: MetadataCommand[] = []
  for (const node of changed(before.nodes, after.nodes)) commands.push({ kind: 'UpsertNode', node })
  for (const topic of changed(before.topics, after.topics)) {
    commands.push({ kind: 'ConfigureTopic', topic: topic.name, config: topic.config })
  }
  for (const topic of gone(before.topics, after.topics)) commands.push(deletionOf(topic))
  for (const node of gone(before.nodes, after.nodes)) commands.push({ kind: 'RemoveNode', id: node.id })
  return commands
}

type Item = TopicMetadata | NodeMetadata

function changed<Key, Value extends Item>(before: ReadonlyMap<Key, Value>, after: ReadonlyMap<Key, Value>): Value[] {
  return [...after].filter(([key, value]) => !same(before.get(key), value)).map(([, value]) => value)
}

function gone<Key, Value extends Item>(before: ReadonlyMap<Key, Value>, after: ReadonlyMap<Key, Value>): Value[] {
  return [...before].filter(([key]) => !after.has(key)).map(([, value]) => value)
}

function same(one: Item | undefined, other: Item): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

function deletionOf({ name, segments }: TopicMetadata): MetadataCommand {
  return { kind: 'DeleteTopic', topic: name, epoch: segments.at(-1)?.epoch ?? 1 }
}
