import type { Parser } from '@walrus/core'
import { clusterDrain } from './cluster-drain.js'
import { clusterRemove } from './cluster-remove.js'
import { clusterStatus } from './cluster-status.js'
import { topicConfigure } from './topic-configure.js'
import { topicCreate } from './topic-create.js'
import { topicDelete } from './topic-delete.js'
import { topicDescribe } from './topic-describe.js'
import { topicList } from './topic-list.js'
import { topicRoll } from './topic-roll.js'
import { topicSeal } from './topic-seal.js'

/** Administration, whole. An operation exists when it is in this table. */
export const adminOperations = {
  'topic.list': topicList,
  'topic.describe': topicDescribe,
  'topic.create': topicCreate,
  'topic.configure': topicConfigure,
  'topic.delete': topicDelete,
  'topic.roll': topicRoll,
  'topic.seal': topicSeal,
  'cluster.status': clusterStatus,
  'cluster.drain': clusterDrain,
  'cluster.remove': clusterRemove,
} as const

/** Name of an operation: its key in `adminOperations`, and what stands on the wire. */
export type AdminOperationName = keyof typeof adminOperations

/** What the operation takes. */
export type AdminParameters<N extends AdminOperationName> = ValueOf<(typeof adminOperations)[N]['parameters']>

/** What the operation gives. */
export type AdminResult<N extends AdminOperationName> = ValueOf<(typeof adminOperations)[N]['result']>

type ValueOf<P> = P extends Parser<infer Value> ? Value : never

/** A request of administration; `operation` tells them apart. */
export type AdminRequest = {
  [N in AdminOperationName]: {
    readonly command: 'admin'
    readonly operation: N
    readonly parameters: AdminParameters<N>
  }
}[AdminOperationName]

/** The answer to a request of administration. */
export type AdminReply = {
  [N in AdminOperationName]: { readonly operation: N; readonly result: AdminResult<N> }
}[AdminOperationName]

/** One function for each operation; a forgotten one does not compile. */
export type AdminHandlers = {
  readonly [N in AdminOperationName]: (parameters: AdminParameters<N>) => Promise<AdminResult<N>>
}

export function isAdminOperation(name: string): name is AdminOperationName {
  return Object.hasOwn(adminOperations, name)
}
