import type { ClientSession } from '@walrus/cluster'
import {
  BinaryFrameWriter,
  FRAME_HEADER_BYTES,
  FrameReader,
  isBinaryPayload,
  parseBinaryAnswer,
  readBinaryReply,
  type BinaryCommandName,
  type BinaryReplyOf,
  type BinaryRequest,
} from '@walrus/protocol'
import type { NodeLife } from '../world/machine.js'
import type { WorldTime } from '../world/world-time.js'

/** What became of a question; `lost`: no answer will come. */
export type Outcome<Reply> =
  | { readonly kind: 'answered'; readonly reply: Reply }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'lost' }

export interface ConnectionOptions {
  readonly life: NodeLife
  readonly time: WorldTime
  /** Names it among all. */
  readonly name: string
}

type TextWaiter = (answer: Uint8Array | undefined) => void
type BinaryWaiter = (answer: ReturnType<typeof parseBinaryAnswer>) => void

/** A client's connection to a node: real frames, both dialects, in order, over a link without faults of its own. */
export class ClientConnection {
  readonly name: string
  readonly #options: ConnectionOptions
  readonly #session: ClientSession
  readonly #reader = new FrameReader({ maxFrameBytes: 16 * 1024 * 1024 })
  readonly #text: TextWaiter[] = []
  readonly #binary = new Map<number, BinaryWaiter>()
  readonly #onEnd = (): void => this.close()
  #lastId = 0
  #isClosed = false

  constructor(options: ConnectionOptions) {
    this.name = options.name
    this.#options = options
    const { life, time } = options
    this.#session = life.service.open({
      send: (frames) => void time.after(DELAY_MS, () => this.#receive(frames)),
      ease: () => undefined,
      roomBytes: 1024 * 1024,
    })
    life.onEnd.add(this.#onEnd)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The payload of the answer; undefined when the connection closes before. */
  text(frame: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#text.push(resolve)
      this.#send(frame)
    })
  }

  async binary<N extends BinaryCommandName>(
    request: BinaryRequest & { readonly command: N },
  ): Promise<Outcome<BinaryReplyOf<N>>> {
    if (this.#isClosed) return { kind: 'lost' }
    this.#lastId += 1
    const id = this.#lastId
    const writer = new BinaryFrameWriter()
    writer.addRequest(id, request)
    const answer = await new Promise<ReturnType<typeof parseBinaryAnswer>>((resolve) => {
      this.#binary.set(id, resolve)
      this.#send(writer.take())
    })
    if (answer === undefined) return { kind: 'lost' }
    if (answer.status === 'failed') return { kind: 'failed', code: answer.errorCode, message: answer.message }
    const reply = readBinaryReply<N>(request.command, answer.body)
    if (reply === undefined) throw new Error(`the answer to ${request.command} cannot be read`)
    return { kind: 'answered', reply }
  }

  /** What was accepted is still carried out; its answers are lost. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const { life } = this.#options
    life.onEnd.delete(this.#onEnd)
    life.process.run(() => this.#session.close())
    for (const resolve of this.#text.splice(0)) resolve(undefined)
    for (const resolve of this.#binary.values()) resolve(undefined)
    this.#binary.clear()
  }

  #send(frame: Uint8Array): void {
    const { life, time } = this.#options
    time.after(DELAY_MS, () =>
      life.process.run(() => this.#isClosed || this.#session.accept(frame, FRAME_HEADER_BYTES, frame.length)),
    )
    time.after(PATIENCE_MS, () => this.#checkPatience())
  }

  /** A node that is paused for long says nothing: the client goes elsewhere. */
  #checkPatience(): void {
    if (this.#options.life.process.isPaused) this.close()
  }

  #receive(frames: Uint8Array): void {
    if (this.#isClosed) return
    this.#reader.push(frames)
    while (this.#reader.next()) {
      const { bytes, start, end } = this.#reader
      if (!isBinaryPayload(bytes, start)) {
        this.#text.shift()?.(bytes.slice(start, end))
        continue
      }
      const answer = parseBinaryAnswer(bytes, start, end)
      if (answer === undefined) throw new Error('an answer cannot be read')
      this.#binary.get(answer.id)?.(answer)
      this.#binary.delete(answer.id)
    }
  }
}

const DELAY_MS = 1
const PATIENCE_MS = 3_000
