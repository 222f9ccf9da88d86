import { ackedForever, committedPrefixesAgree, copiesArePrefixes, nothingAckedUnderFencedEpoch } from './promises.js'
import { deliveredAtMostOnce, readCursorBounds, sequentialWriteOrder } from './order.js'
import {
  domainConsistency,
  leaseOverBeforeFence,
  noWritesPastOpenSegment,
  sealedCountsStable,
  singleWriterPerSegment,
} from './segments.js'
import type { Invariant } from './invariant.js'

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
