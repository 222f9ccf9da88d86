import { TAKE_SLOTS, topicNameFault, WalrusError } from '@walrus/core'
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
import { TAKEN_AT_ONCE_MAX } from './remote-takes.js'
import type { Topics } from './topics.js'

/** Answers what other nodes ask of the leader of a topic: to append, and to take at the shared cursor. */
export function servePeers({ peers }: ClusterContext, topics: Topics): void {
  peers.handle(CLUSTER_REQUESTS.append, async (payload) => {
    const { topic, segment, ...numbered } = checkAppend(appendRequest.decode(payload))
    const runtime = await topics.reaching(topic, segment)
    return appendAnswer.encode(await runtime.intake(numbered))
  })
  peers.handle(CLUSTER_REQUESTS.take, async (payload, node) => {
    const { topic, segment, cursor, slot, number, count, maxBytes } = checkTake(takeRequest.decode(payload))
    const { takes } = await topics.reaching(topic, segment)
    const countMax = Math.min(count, TAKEN_AT_ONCE_MAX)
    return entriesAnswer.encode({
      entries: await takes.intake({ node, slot, number, cursor, countMax, bytesMax: maxBytes }),
    })
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
  if (request.slot >= TAKE_SLOTS) throw unreadable(`there is no slot ${request.slot}`)
  const fault = topicNameFault(request.cursor)
  if (fault !== undefined) throw unreadable(`its cursor is none: ${fault}`)
  return request
}

function unreadable(reason: string): WalrusError {
  return new WalrusError('INVALID_ARGUMENT', `Cannot read a request: ${reason}`)
}
