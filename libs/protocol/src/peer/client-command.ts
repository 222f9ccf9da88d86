import { peerBody, type PeerBody } from './peer-body.js'

/*
 * A command of a client, from the node that took it to the leader of the topic's open segment, and what that answers: payloads of
 * the client port (spec/wire-format.md), whose ids mean nothing here.
 *
 *   command   ┌─────────────┬────────────┬─────────┐
 *             │ segment u64 │ length u32 │ payload │
 *             └─────────────┴────────────┴─────────┘
 *   answer    ┌───────────────┐
 *             │ payload, rest │
 *             └───────────────┘
 */

/** A binary request of a client. */
export interface ClientCommand {
  /** The newest segment that the asker knows: whoever knows less waits for newer metadata before it answers. */
  readonly segment: number
  readonly payload: Uint8Array
}

export const clientCommand: PeerBody<ClientCommand> = peerBody({
  write: ({ segment, payload }, output) => {
    output.u64(segment)
    output.u32(payload.length)
    output.bytes(payload)
  },
  read: (input) => ({ segment: input.u64(), payload: input.bytes(input.u32()) }),
})
