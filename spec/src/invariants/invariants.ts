import { ackedForever, committedPrefixesAgree, copiesArePrefixes, nothingAckedUnderFencedEpoch } from './promises.js'
import { deliveredAtMostOnce, readCursorBounds, sequentialWriteOrder } from './order.js'
import {
  domainConsistency,
  leaseOverBeforeFence,
  noWritesPastOpenSegment,
  sealedCountsStable,
  singleWriterPerSegment,
} from './segments.js'
import type { World } from '../actions/step.js'
import type { State } from '../model/state.js'

/** What is wrong with a state; undefined: nothing. */
export type Invariant = (world: World, state: State) => string | undefined

/** What is true of every state. The same names stand in Walrus.tla; the first six are those of the original's model. */
export const INVARIANTS: Readonly<Record<string, Invariant>> = {
  DomainConsistency: domainConsistency,
  SingleWriterPerSegment: singleWriterPerSegment,
  NoWritesPastOpenSegment: noWritesPastOpenSegment,
  SealedCountsStable: sealedCountsStable,
  ReadCursorBounds: readCursorBounds,
  SequentialWriteOrder: sequentialWriteOrder,
  AckedForever: ackedForever,
  CommittedPrefixesAgree: committedPrefixesAgree,
  CopiesArePrefixes: copiesArePrefixes,
  NothingAckedUnderFencedEpoch: nothingAckedUnderFencedEpoch,
  DeliveredAtMostOnce: deliveredAtMostOnce,
  LeaseOverBeforeFence: leaseOverBeforeFence,
}
