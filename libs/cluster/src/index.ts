export type { AnswerSink, ClientService, ClientSession } from './client-session.js'
export { openNode, type ClusterNode, type NodeOptions } from './cluster-node.js'
export { textService } from './text-service.js'
export {
  DEFAULT_NODE_LIMITS,
  type NodeLimits,
  type Report,
  type ReportFields,
  type ReportLevel,
} from './node-context.js'
export type { LeaderIdView, LogIdView, MetricsView } from './metrics-view.js'
