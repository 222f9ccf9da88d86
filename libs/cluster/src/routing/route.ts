import { formatSegmentKey, lastSegment, WalrusError, type NodeId, type TopicMetadata } from '@walrus/core'

/** Where the open segment of a topic is, as this node knows it. */
export type Route =
  /** This node leads it. */
  | { readonly kind: 'here'; readonly segment: number }
  | { readonly kind: 'there'; readonly segment: number; readonly leader: NodeId }
  /** Nobody may write the topic: metadata has to change first. */
  | { readonly kind: 'nowhere'; readonly segment: number; readonly reason: string }

/** The route that metadata gives. */
export function routeOf(topic: TopicMetadata, self: NodeId, isOfPreviousLife: boolean): Route {
  const { id: segment, leader, state } = lastSegment(topic)
  if (state !== 'open') return { kind: 'nowhere', segment, reason: `segment ${segment} is being recovered` }
  if (leader !== self) return { kind: 'there', segment, leader }
  if (!isOfPreviousLife) return { kind: 'here', segment }
  return { kind: 'nowhere', segment, reason: `segment ${segment} is to be recovered after a restart` }
}

/** Why this node does nothing with the topic's open segment: certainly nothing was done. */
export function notLeader(topic: string, route: Route): WalrusError {
  const key = formatSegmentKey({ topic, segment: Math.max(1, route.segment) })
  return new WalrusError('NOT_LEADER', `Cannot write segment "${key}": ${obstacleOf(route)}`)
}

/** What stands in the way, in words. */
export function obstacleOf(route: Route): string {
  switch (route.kind) {
    case 'here':
      return 'this node is not ready to lead it'
    case 'there':
      return `node ${route.leader} leads it`
    case 'nowhere':
      return route.reason
  }
}

/** Both lead to the same place. */
export function sameRoute(left: Route, right: Route): boolean {
  return left.kind === 'there' && right.kind === 'there' ? left.leader === right.leader : left.kind === right.kind
}
