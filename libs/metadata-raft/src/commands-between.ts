import {
  lastSegment,
  segmentById,
  type ClusterMetadata,
  type MetadataCommand,
  type NodeMetadata,
  type TopicMetadata,
} from '@walrus/core'

/**
 * One command for each topic and node that differs, naming it: so that listeners, who look at the state for everything else,
 * hear of what a snapshot changed as they hear of what a command changes.
 */
export function commandsBetween(before: ClusterMetadata, after: ClusterMetadata): readonly MetadataCommand[] {
  const commands: MetadataCommand[] = []
  for (const node of changed(before.nodes, after.nodes)) commands.push({ kind: 'UpsertNode', node })
  for (const topic of before.topics.values()) {
    if (isGone(topic, after)) commands.push(deletionOf(topic))
  }
  for (const topic of changed(before.topics, after.topics)) {
    commands.push({ kind: 'ConfigureTopic', topic: topic.name, config: topic.config })
  }
  for (const id of before.nodes.keys()) if (!after.nodes.has(id)) commands.push({ kind: 'RemoveNode', id })
  return commands
}

type Item = TopicMetadata | NodeMetadata

function changed<Key, Value extends Item>(before: ReadonlyMap<Key, Value>, after: ReadonlyMap<Key, Value>): Value[] {
  return [...after].filter(([key, value]) => !same(before.get(key), value)).map(([, value]) => value)
}

/** Also when there is another one of its name: the one before had a segment that this one never had. */
function isGone(before: TopicMetadata, { topics }: ClusterMetadata): boolean {
  const after = topics.get(before.name)
  const last = lastSegment(before)
  return after === undefined || segmentById(after, last.id)?.createdEpoch !== last.createdEpoch
}

function same(one: Item | undefined, other: Item): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

function deletionOf({ name, segments }: TopicMetadata): MetadataCommand {
  return { kind: 'DeleteTopic', topic: name, epoch: segments.at(-1)?.epoch ?? 1 }
}
