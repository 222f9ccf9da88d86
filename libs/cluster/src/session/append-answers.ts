import type { CommitTicket } from '@walrus/core'
import { binaryCommands, type BinaryFrameWriter } from '@walrus/protocol'
import { errorCodeOf, errorMessageOf } from './error-message.js'

/** Writes `count` answers into the writer that it is given, for requests of so many bytes. */
export type Answerer = (write: (output: BinaryFrameWriter) => void, count: number, requestBytes: number) => void

/** Answers binary appends when their ticket is settled: those that follow each other and share a ticket, together. */
export class AppendAnswers {
  readonly #answer: Answerer
  #newest: Group | undefined

  constructor(answer: Answerer) {
    this.#answer = answer
  }

  /** Right after the append: later appends move the ticket's last offset on. */
  add(
    ticket: CommitTicket,
    append: { readonly id: number; readonly count: number; readonly requestBytes: number },
  ): void {
    const { id, count, requestBytes } = append
    const place = { id, count, index: ticket.lastOffset < 0 ? 0 : ticket.lastOffset - count + 1 - ticket.firstOffset }
    if (this.#newest?.ticket === ticket && ticket.state === 'pending') {
      this.#newest.places.push(place)
      this.#newest.requestBytes += requestBytes
      return
    }
    const group: Group = { ticket, places: [place], requestBytes }
    this.#newest = group
    ticket.onSettled(() => this.#settle(group))
  }

  #settle({ ticket, places, requestBytes }: Group): void {
    if (this.#newest?.ticket === ticket) this.#newest = undefined
    this.#answer((output) => writeOutcomes(output, ticket, places), places.length, requestBytes)
  }
}

interface Group {
  readonly ticket: CommitTicket
  readonly places: Place[]
  requestBytes: number
}

interface Place {
  readonly id: number
  readonly count: number
  /** Of its first entry, among those of the ticket: their offsets may be others when it is settled. */
  readonly index: number
}

function writeOutcomes(output: BinaryFrameWriter, ticket: CommitTicket, places: readonly Place[]): void {
  const code = ticket.error === undefined ? '' : errorCodeOf(ticket.error)
  for (const { id, count, index } of places) {
    const firstOffset = ticket.firstOffset < 0 ? -1 : ticket.firstOffset + index
    if (ticket.error !== undefined) output.addFailure(id, APPEND_CODE, code, errorMessageOf(ticket.error))
    else output.addAnswer(id, 'append', { firstOffset: firstOffset < 0 ? undefined : firstOffset, count })
  }
}

const APPEND_CODE = binaryCommands.append.code
