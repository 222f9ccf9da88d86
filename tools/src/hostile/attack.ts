import type { Random } from '@walrus/testing'

/** Where somebody attacks: a node on this machine, with a topic that holds some megabytes. */
export interface AttackedNode {
  readonly clientPort: number
  readonly peerPort: number
  readonly topic: string
}

/** Something that a client or a peer does, and that a node must survive. */
export interface Attack {
  readonly name: string
  readonly about: string
  /** Settings of the broker under which the attack shows soon what it does. */
  readonly flags?: readonly string[]
  /** Between two rounds, where others are watched; a tenth of a second unless told. */
  readonly pauseMs?: number
  /** Rounds that a test runs. */
  readonly testRounds: number
  /** Memory that the node may take up beyond what it had before, and why. */
  readonly residentBytesMax: number
  readonly open: (node: AttackedNode, random: Random) => Promise<OpenAttack>
}

/** An attack that goes on until it is closed. */
export interface OpenAttack {
  /** One more go, of a second or less. Rejects when the node does not answer as it must. */
  round(): Promise<void>
  /** Ends every connection. */
  close(): Promise<void>
}
