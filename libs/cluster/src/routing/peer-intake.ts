import { WalrusError } from '@walrus/core'
import {
  appendAnswer,
  appendRequest,
  CLUSTER_REQUESTS,
  entriesAnswer,
  takeRequest,
  type AppendRequest,
  type TakeRequest,
} from '@walrus/protocol'
import type { ClusterContext } from '../node-context.js'
import type { Topics } from './topics.js'

/** Answers what other nodes ask of the leader of a topic: to append, and to take at the shared cursor. */
export function servePeers({ peers, limits }: ClusterContext, topics: Topics): void {
  peers.handle(CLUSTER_REQUESTS.append, async (payload) => {
    const { topic, segment, ...numbered } = checkAppend(appendRequest.decode(payload))
    const runtime = await topics.reaching(topic, segment)
    return appendAnswer.encode(await runtime.intake(numbered))
  })
  peers.handle(CLUSTER_REQUESTS.take, async (payload) => {
    const { topic, segment, count } = checkTake(takeRequest.decode(payload))
    const runtime = await topics.reaching(topic, segment)
    return entriesAnswer.encode({ entries: await runtime.take(Math.min(count, limits.readAheadEntriesMax)) })
  })
}

function checkAppend(request: AppendRequest | string): AppendRequest {
  if (typeof request === 'string') throw unreadable(request)
  if (request.entries.length === 0) throw unreadable('it has no entries')
  return request
}

function checkTake(request: TakeRequest | string): TakeRequest {
  if (typeof request === 'string') throw unreadable(request)
  if (request.count === 0) throw unreadable('it asks for nothing')
  return request
}

function unreadable(reason: string): WalrusError {
  return new WalrusError('INVALID_ARGUMENT', `Cannot read a request: ${reason}`)
}
