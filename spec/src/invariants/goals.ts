import { lastSegment } from '@walrus/core'
import type { World } from '../actions/step.js'
import { entriesPerTopic } from '../model/configuration.js'
import type { State } from '../model/state.js'
import { leads, newestTopic, partOf } from '../model/update.js'

/** Something good that the cluster must always be able to get to. */
export type Goal = (world: World, state: State) => boolean

/** From each state a fair world gets to a state like this. The same names stand in Walrus.tla, as temporal properties. */
export const GOALS: Readonly<Record<string, Goal>> = {
  /** The leader of each open segment is there, and writes. */
  FailoverProgress: (_, state) => everyTopic(state, (topic) => writerOf(state, topic) !== undefined),
  /** No segment is full, or on its way to be sealed. */
  RolloverProgress: (_, state) => everyTopic(state, (topic) => writerOf(state, topic)?.gate === 'open'),
  /** All that clients want to write is acknowledged. */
  WriteProgress: (world, state) =>
    state.clients.every(({ acked }) => acked.length === entriesPerTopic(world.configuration)),
  /** Readers have come to the end of all that clients want to write. */
  ReadProgress: (world, state) =>
    !world.configuration.readers ||
    everyTopic(state, (topic) => writerOf(state, topic)?.cursor === entriesPerTopic(world.configuration)),
}

/** What is the matter when it cannot be reached. */
export const GOAL_FAULTS: Readonly<Record<string, string>> = {
  FailoverProgress: 'an open segment gets no leader that writes',
  RolloverProgress: 'a full segment is not replaced',
  WriteProgress: 'not all that clients write is acknowledged',
  ReadProgress: 'readers do not come to the end',
}

function everyTopic(state: State, holds: (topic: number) => boolean): boolean {
  return state.clients.every((_, topic) => holds(topic))
}

function writerOf(state: State, topic: number) {
  const segment = lastSegment(newestTopic(state, topic))
  const place = { node: segment.leader, topic }
  return segment.state === 'open' && leads(state, place) ? partOf(state, place).writer : undefined
}
