import type { ClientService } from './client-session.js'
import type { ClusterNode } from '../cluster-node.js'
import { TextSession, type TextHandlers } from './text-session.js'

/** Serves the text dialect of a node: every connection is a session of its own over the same use cases. */
export function textService(node: ClusterNode): ClientService {
  const handlers = textHandlers(node)
  return { open: (sink) => new TextSession(handlers, sink) }
}

/** What each text command means for a node. */
export function textHandlers(node: ClusterNode): TextHandlers {
  return {
    put: ({ topic, payload }) => node.append(topic, payload),
    get: async ({ topic }) => {
      const entry = await node.get(topic)
      return entry === undefined ? { kind: 'empty' } : { kind: 'entry', payload: entry.data }
    },
    register: async ({ topic }) => {
      await node.register(topic)
      return { kind: 'ok' }
    },
    state: async ({ topic }) => ({ kind: 'json', text: JSON.stringify(await node.state(topic)) }),
    metrics: async () => ({ kind: 'json', text: JSON.stringify(node.metrics(), undefined, 2) }),
  }
}
