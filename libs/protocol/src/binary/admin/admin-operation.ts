import { integer, text, topicNameFault, type Parser } from '@walrus/core'

/** One operation of administration: what it takes and what it gives, as JSON of unknown origin is checked. */
export interface AdminOperation<Parameters, Result> {
  readonly parameters: Parser<Parameters>
  readonly result: Parser<Result>
}

/** A number of things, or an offset. */
export const count = integer(0)
/** Something that is numbered from 1. */
export const ordinal = integer(1)
export const topicName = text(topicNameFault)

/** Words of the other side, which are shown to people: bounded, whatever they say. */
export const words = text((value) => (value.length > WORDS_MAX ? `longer than ${WORDS_MAX} characters` : undefined))
const WORDS_MAX = 4096

/** Items of one answer: whoever wants more asks again from the last one on. */
export const PAGE_ITEMS_MAX = 1000
