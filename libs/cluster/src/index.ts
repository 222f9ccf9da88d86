export type { AnswerSink, ClientService, ClientSession } from './session/client-session.js'
export { openNode, type ClusterNode, type NodeOptions } from './cluster-node.js'
export { textService } from './session/text-service.js'
export {
  DEFAULT_NODE_LIMITS,
  type NodeLimits,
  type Report,
  type ReportFields,
  type ReportLevel,
} from './node-context.js'
export type { LeaderIdView, LogIdView, MetricsView } from './session/metrics-view.js'
