import {
  BinaryFrameWriter,
  parseBinaryRequest,
  type BinaryCommandName,
  type BinaryReplyOf,
  type BinaryRequest,
} from '@walrus/protocol'
import { ScriptedBroker } from './scripted-broker.js'

/** What a broker answers to a binary request: the reply, an error, or nothing. */
export type BinaryScript = (request: BinaryRequest, nth: number) => BinaryAnswer | undefined

/** An error's code, or the reply of the command that was asked. */
export type BinaryAnswer = BrokerFailure | BinaryReplyOf<BinaryCommandName>

/** An error that the broker answers. */
export class BrokerFailure {
  constructor(
    readonly code: string,
    readonly message = `Cannot do it: ${code}`,
  ) {}
}

/** A broker that answers binary requests as a test tells it to, and keeps them; `nth` counts from 0. */
export async function listenBinary(script: BinaryScript, requests: BinaryRequest[] = []): Promise<ScriptedBroker> {
  return ScriptedBroker.listen((payload) => {
    const { id, code, request } = parseBinaryRequest(Uint8Array.from(payload), 0, payload.length)
    if (request.command === 'invalid') throw new Error(request.message)
    requests.push(request)
    const answer = script(request, requests.length - 1)
    return answer === undefined ? undefined : payloadOf(id, code, request.command, answer)
  })
}

function payloadOf(id: number, code: number, name: BinaryCommandName, answer: BinaryAnswer): Uint8Array {
  const writer = new BinaryFrameWriter()
  if (answer instanceof BrokerFailure) writer.addFailure(id, code, answer.code, answer.message)
  else writer.addAnswer(id, name, answer)
  return writer.take().subarray(4)
}
