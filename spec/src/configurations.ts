import type { Configuration } from './model/configuration.js'

const NO_FAULTS = { crashes: 0, silences: 0, refusals: 0, repeats: 0, takeovers: 0, handovers: 0 }

/** Three nodes, three copies; two producers with one entry each; every entry fills a segment; nothing goes wrong. */
const base: Configuration = {
  name: 'rollover',
  says: 'two producers fill segments of one entry each',
  nodes: 3,
  topics: 1,
  replicationFactor: 3,
  ack: 'quorum',
  segmentEntriesMax: 1,
  producers: 2,
  entriesPerProducer: 1,
  readers: false,
  faults: NO_FAULTS,
  stretchesInFlight: 0,
  replicasDelay: false,
  repairs: false,
}

const oneEntry = { ...base, producers: 1, segmentEntriesMax: 2 }
const twoEntries = { ...base, segmentEntriesMax: 3 }

/** Worlds of the size that is explored in CI. */
export const SMALL = {
  rollover: base,
  repeat: {
    ...base,
    name: 'repeat',
    says: 'a seal is proposed again, because its answer is lost',
    faults: { ...NO_FAULTS, repeats: 1 },
  },
  crash: {
    ...oneEntry,
    name: 'crash',
    says: 'a node crashes at any moment, and may come back',
    faults: { ...NO_FAULTS, crashes: 1 },
  },
  crashInRollover: {
    ...base,
    name: 'crash-in-rollover',
    says: 'a node crashes at any moment of a rollover, and may come back',
    producers: 1,
    faults: { ...NO_FAULTS, crashes: 1 },
  },
  silence: {
    ...oneEntry,
    name: 'silence',
    says: 'a leader is not heard, is fenced, and writes on where it can',
    faults: { ...NO_FAULTS, silences: 1 },
  },
  refusal: {
    ...twoEntries,
    name: 'refusal',
    says: 'a disk refuses a commit that replicas have seen',
    faults: { ...NO_FAULTS, refusals: 1 },
  },
  takeover: {
    ...oneEntry,
    name: 'takeover',
    says: 'two coordinators recover one segment after a crash',
    faults: { ...NO_FAULTS, crashes: 1, takeovers: 1 },
  },
  reorder: {
    ...twoEntries,
    name: 'reorder',
    says: 'two stretches are under way and overtake each other',
    segmentEntriesMax: 2,
    stretchesInFlight: 2,
  },
  readers: {
    ...base,
    name: 'readers',
    says: 'readers take entries at the shared cursor, over rollovers',
    producers: 1,
    entriesPerProducer: 2,
    readers: true,
  },
  readersAndCrash: {
    ...oneEntry,
    name: 'readers-and-crash',
    says: 'a node crashes while readers take entries',
    faults: { ...NO_FAULTS, crashes: 1 },
    readers: true,
  },
  repairs: {
    ...oneEntry,
    name: 'repairs',
    says: 'after a crash, copies of sealed segments are completed',
    faults: { ...NO_FAULTS, crashes: 1 },
    repairs: true,
  },
  handover: {
    ...oneEntry,
    name: 'handover',
    says: 'a leader ends its segment before it is full, with the only copy, and a node crashes',
    nodes: 2,
    replicationFactor: 1,
    entriesPerProducer: 2,
    faults: { ...NO_FAULTS, crashes: 1, handovers: 1 },
  },
  handoverOfCopies: {
    ...oneEntry,
    name: 'handover-of-copies',
    says: 'a leader ends its segment before it is full, and a node crashes',
    faults: { ...NO_FAULTS, crashes: 1, handovers: 1 },
  },
  fiveNodes: {
    ...oneEntry,
    name: 'five-nodes',
    says: 'five nodes and five copies; a crash',
    nodes: 5,
    replicationFactor: 5,
    faults: { ...NO_FAULTS, crashes: 1 },
  },
  single: {
    ...base,
    name: 'single',
    says: 'two topics with one copy each, and a crash',
    nodes: 2,
    topics: 2,
    replicationFactor: 1,
    producers: 1,
    entriesPerProducer: 2,
    faults: { ...NO_FAULTS, crashes: 1 },
  },
} satisfies Record<string, Configuration>

/** Worlds for a long evening: several faults in one history, more entries, replicas and messages that take their time. */
export const LARGE = {
  crashWithTwoEntries: {
    ...twoEntries,
    name: 'crash-with-two-entries',
    says: 'a node crashes while two entries are in flight',
    faults: { ...NO_FAULTS, crashes: 1 },
  },
  refusalInRollover: {
    ...base,
    name: 'refusal-in-rollover',
    says: 'a disk refuses a commit in a rollover',
    faults: { ...NO_FAULTS, refusals: 1 },
  },
  delays: {
    ...oneEntry,
    name: 'delays',
    says: 'replicas write later than they take; messages overtake a crash and what follows it',
    faults: { ...NO_FAULTS, crashes: 1 },
    stretchesInFlight: 1,
    replicasDelay: true,
  },
  silenceAndCrash: {
    ...oneEntry,
    name: 'silence-and-crash',
    says: 'a leader is not heard, and a node crashes',
    faults: { ...NO_FAULTS, crashes: 1, silences: 1 },
  },
  singleAndRefusal: {
    ...base,
    name: 'single-and-refusal',
    says: 'two topics with one copy each; a crash and a refused commit',
    nodes: 2,
    topics: 2,
    replicationFactor: 1,
    producers: 1,
    entriesPerProducer: 2,
    faults: { ...NO_FAULTS, crashes: 1, refusals: 1 },
  },
  twoCrashes: {
    ...oneEntry,
    name: 'two-crashes',
    says: 'two crashes, of one node or of two',
    faults: { ...NO_FAULTS, crashes: 2 },
  },
} satisfies Record<string, Configuration>
