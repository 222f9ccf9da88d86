/**
 * A rule of the driver or the storage that a run breaks on purpose, to prove that the checks see it. The rules of the core
 * itself are broken by changing its code.
 */
export type Sabotage =
  | 'votes-are-not-stored'
  | 'terms-are-not-stored'
  | 'answers-go-before-writes'
  | 'writes-overtake-each-other'
  | 'synced-writes-are-lost'
  | 'entries-beside-a-snapshot-are-lost'
  | 'replaced-tail-stays'
  | 'old-hard-state-survives'
  | 'entries-are-applied-twice'
  | 'snapshot-outcome-is-not-reported'
  | 'stale-conf-change-is-applied'
  | 'old-snapshot-for-new-members'

export const sabotages: readonly Sabotage[] = [
  'votes-are-not-stored',
  'terms-are-not-stored',
  'answers-go-before-writes',
  'writes-overtake-each-other',
  'synced-writes-are-lost',
  'entries-beside-a-snapshot-are-lost',
  'replaced-tail-stays',
  'old-hard-state-survives',
  'entries-are-applied-twice',
  'snapshot-outcome-is-not-reported',
  'stale-conf-change-is-applied',
  'old-snapshot-for-new-members',
]
