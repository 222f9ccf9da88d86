import type { Clock } from '@walrus/core'
import type { SessionLimits } from './binary-handlers.js'
import { openClientService } from './client-service.js'
import type { ClientService } from './client-session.js'
import type { ClusterNode } from '../cluster-node.js'
import type { TextHandlers } from './text-session.js'

/**
 * Serves both dialects of a node: every connection is a session of its own over the same use cases.
 * @param limits overrides of `DEFAULT_SESSION_LIMITS`
 */
export function nodeClientService(node: ClusterNode, clock: Clock, limits: Partial<SessionLimits> = {}): ClientService {
  return openClientService({ text: textHandlers(node), binary: node.binary, clock, limits })
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
