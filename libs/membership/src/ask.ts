import { WalrusError, type NodeId } from '@walrus/core'
import type { PeerQuestion } from '@walrus/protocol'
import type { PeerRequests } from './peer-requests.js'

/** Asks a peer. Rejects like `PeerRequests.request`, and with `UNAVAILABLE` when the answer cannot be read. */
export async function ask<Request, Answer>(
  peers: PeerRequests,
  target: NodeId | string,
  question: PeerQuestion<Request, Answer>,
  request: Request,
): Promise<Answer> {
  const payload = question.request.encode(request)
  const answer = question.answer.decode(await peers.request(target, question.requestKind, payload, ASK_TIMEOUT_MS))
  if (typeof answer !== 'string') return answer
  throw new WalrusError('UNAVAILABLE', `Cannot read the answer of "${target}": ${answer}`)
}

/** Answers a question of peers with what `handler` says. */
export function answer<Request, Answer>(
  peers: PeerRequests,
  access: 'members' | 'anyone',
  question: PeerQuestion<Request, Answer>,
  handler: (request: Request) => Promise<Answer>,
): void {
  peers.handle(question.requestKind, access, async (payload) => {
    const request = question.request.decode(payload)
    if (typeof request === 'string') throw new WalrusError('INVALID_ARGUMENT', `Cannot read the request: ${request}`)
    return question.answer.encode(await handler(request))
  })
}

/** An election, and a few round trips of a change with it, take less. */
const ASK_TIMEOUT_MS = 5_000
