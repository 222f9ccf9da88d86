import type { CommitTicket } from '@walrus/core'
import {
  errorFrame,
  frameFaultMessage,
  parseTextCommand,
  replyFrame,
  type FrameFault,
  type Handlers,
  type RequestOf,
  type TextReply,
  type TextRequest,
} from '@walrus/protocol'
import type { AnswerSink, ClientSession } from './client-session.js'
import { errorMessageOf } from './error-message.js'
import { ReplyQueue } from './reply-queue.js'

/** One function for each text command. An append answers by the ticket that it shares with others, not by a promise of its own. */
export type TextHandlers = Omit<Handlers, 'put'> & {
  readonly put: (request: RequestOf<'put'>) => CommitTicket
}

/** A conversation in text commands: each is begun when it arrives, and answered in its turn. */
export class TextSession implements ClientSession {
  readonly #handlers: TextHandlers
  readonly #replies: ReplyQueue

  constructor(handlers: TextHandlers, sink: AnswerSink) {
    this.#handlers = handlers
    this.#replies = new ReplyQueue(sink)
  }

  get pendingCount(): number {
    return this.#replies.pendingCount
  }

  accept(bytes: Uint8Array, start: number, end: number): void {
    const request = parseTextCommand(bytes, start, end)
    if (request.command === 'put') this.#put(request)
    else if (request.command === 'invalid') this.#replies.addFrames(errorFrame(request.message))
    else this.#replies.addLater(this.#reply(request))
  }

  acceptFault(fault: FrameFault): void {
    this.#replies.addFrames(errorFrame(frameFaultMessage(fault)))
  }

  whenIdle(listener: () => void): void {
    this.#replies.whenIdle(listener)
  }

  close(): void {
    this.#replies.close()
  }

  #put(request: RequestOf<'put'>): void {
    let ticket: CommitTicket
    try {
      ticket = this.#handlers.put(request)
    } catch (error) {
      this.#replies.addFrames(errorFrame(errorMessageOf(error)))
      return
    }
    this.#replies.addAppend(ticket)
  }

  async #reply(request: Exclude<TextRequest, RequestOf<'put'>>): Promise<Uint8Array> {
    try {
      return replyFrame(await this.#handle(request))
    } catch (error) {
      return errorFrame(errorMessageOf(error))
    }
  }

  #handle(request: Exclude<TextRequest, RequestOf<'put'>>): Promise<TextReply> {
    switch (request.command) {
      case 'get':
        return this.#handlers.get(request)
      case 'register':
        return this.#handlers.register(request)
      case 'state':
        return this.#handlers.state(request)
      case 'metrics':
        return this.#handlers.metrics(request)
    }
  }
}
