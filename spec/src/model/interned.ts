import type { ClusterMetadata, MetadataCommand } from '@walrus/core'

const commands = new Map<string, MetadataCommand>()
const metadata = new Map<string, ClusterMetadata>()

/** The one object for a command, so that equal commands are identical. */
export function internedCommand(command: MetadataCommand): MetadataCommand {
  return internedIn(commands, JSON.stringify(command), command)
}

/** The one object for metadata that says the same of its topics, whatever its version: no step looks at that. */
export function internedMetadata(state: ClusterMetadata): ClusterMetadata {
  return internedIn(metadata, JSON.stringify([[...state.nodes.keys()], [...state.topics.values()]]), state)
}

function internedIn<Value>(values: Map<string, Value>, key: string, value: Value): Value {
  const known = values.get(key)
  if (known !== undefined) return known
  values.set(key, value)
  return value
}
