export type { AnswerSink, ClientService, ClientSession } from './session/client-session.js'
export type { Administration, TopicSummary } from './administration/administration.js'
export type { ClusterStatusView, NodeStatusView } from './administration/cluster-status.js'
export type { ClusterNode } from './cluster-node.js'
export { openNode, type NodeOptions } from './open-node.js'
export type { ForcedSeal, OpenSegment, Replication } from './open-segment.js'
export { textService } from './session/text-service.js'
export {
  DEFAULT_NODE_LIMITS,
  type NodeLimits,
  type Report,
  type ReportFields,
  type ReportLevel,
} from './node-context.js'
export type { LeaderIdView, LogIdView, MetricsView } from './session/metrics-view.js'
