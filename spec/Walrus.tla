------------------------------- MODULE Walrus -------------------------------
(***************************************************************************)
(* How a topic is written, replicated, rolled over, fenced, recovered and  *)
(* read: docs/adr/0009-replication.md, as a model that ends.               *)
(*                                                                         *)
(* Raft is one log of metadata for each topic, whose newest state every    *)
(* node may lag behind.  A log of a segment is a sequence of records: an   *)
(* entry, or a control batch that commits the shared cursor.  Positions    *)
(* count records.  spec/README.md says what is left out.                   *)
(*                                                                         *)
(* The same steps, made of the functions of libs/core, are in src/actions; *)
(* `npm run spec:check` explores those.                                    *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets, TLC

CONSTANTS
  Nodes,        \* the nodes: all of them voters
  Topics,       \* the topics
  Producers,    \* who writes; each one entry after the other
  PerProducer,  \* entries of each producer and topic
  Factor,       \* copies of a segment: 1, or all nodes
  EntriesMax,   \* entries after which a segment is full
  SegmentMax,   \* a bound that no behaviour reaches: only the size of arrays
  Readers,      \* TRUE: readers take entries at the shared cursor
  Crashes, Silences, Refusals, Repeats, Takeovers, Handovers,  \* in one behaviour
  NoNode, NoProducer,
  Mutation      \* "none", or the name of one deliberate fault

ASSUME Factor = 1 \/ Factor = Cardinality(Nodes)

VARIABLES
  log,        \* [Topics -> states of its metadata, oldest first]
  proposals,  \* commands that may yet be applied
  view,       \* [Nodes -> [Topics -> index in log]]: what a node has applied
  inherited,  \* [Nodes -> [Topics -> Nat]]: newest segment when the node started
  up,         \* [Nodes -> BOOLEAN]
  silence,    \* [Nodes -> 0..2]: 0 lease holds, 1 it is over, 2 taken for dead
  copy,       \* [Nodes -> [Topics -> [1..SegmentMax -> copies]]]
  writer,     \* [Nodes -> [Topics -> the volatile part of a leader]]
  attempts,   \* coordinators at work on a recovery
  acked,      \* [Topics -> what clients were told]
  delivered,  \* [Topics -> what readers got, in order]
  left        \* faults that may still happen

vars == <<log, proposals, view, inherited, up, silence, copy, writer,
          attempts, acked, delivered, left>>

-----------------------------------------------------------------------------
(* Words *)

Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b

\* Code: libs/core/src/ack-quorum.ts#ackQuorum, libs/core/src/ack-quorum.ts#recoveryQuorum
Quorum == IF Factor = 1 THEN 1 ELSE (Factor \div 2) + 1
RecoveryQuorum == IF Quorum = 1 THEN (Factor \div 2) + 1
                  ELSE Factor - Quorum + 1
MajorityUp == Cardinality({n \in Nodes : up[n]}) > Cardinality(Nodes) \div 2

Entry(p, i) == [kind |-> "entry", producer |-> p, number |-> i]
Cursor(o)   == [kind |-> "cursor", producer |-> NoProducer, number |-> o]

Entries(records) ==
  Cardinality({i \in DOMAIN records : records[i].kind = "entry"})
Controls(records) == Len(records) - Entries(records)
Prefix(records, k) == SubSeq(records, 1, Min(k, Len(records)))

\* The last sequence of a producer in records, or the one before them.
LastOf(before, records, p) ==
  LET own == {records[i].number : i \in {j \in DOMAIN records :
                 records[j].kind = "entry" /\ records[j].producer = p}}
  IN IF own = {} THEN before ELSE CHOOSE m \in own : \A o \in own : o <= m
CursorIn(before, records) ==
  LET own == {records[i].number : i \in {j \in DOMAIN records :
                 records[j].kind = "cursor"}}
  IN IF own = {} THEN before ELSE CHOOSE m \in own : \A o \in own : o <= m

\* Topic offset of the i-th entry of records (from 0) as an operation.
EntryAt(records, i) ==
  CHOOSE r \in {records[j] : j \in DOMAIN records} :
    \E j \in DOMAIN records :
      /\ records[j] = r /\ r.kind = "entry" /\ Entries(Prefix(records, j)) = i + 1

NoCommand == [kind |-> "none", topic |-> NoNode, segment |-> 0, epoch |-> 0,
              entries |-> 0, controls |-> 0, next |-> NoNode]
NoWriter == [on |-> FALSE, segment |-> 0, epoch |-> 0, gate |-> "open", forced |-> FALSE,
             confirmed |-> [n \in Nodes |-> 0], committed |-> 0, counted |-> 0,
             cursor |-> 0, serving |-> -1, servingAt |-> 0, seal |-> NoCommand]
NoStart == [known |-> FALSE, cursor |-> 0, last |-> [p \in Producers |-> -1]]
NoCopy == [has |-> FALSE, log |-> <<>>, durable |-> 0, ended |-> FALSE, fenced |-> 0,
           start |-> NoStart, confirmed |-> 0, committed |-> 0]

Newest(t) == log[t][Len(log[t])]
Last(t) == Newest(t)[Len(Newest(t))]
Seen(n, t) == log[t][view[n][t]]
SeenLast(n, t) == Seen(n, t)[Len(Seen(n, t))]
End(segment) == segment.entries + segment.controls

OpenSegment(leader, epoch, base) ==
  [leader |-> leader, epoch |-> epoch, state |-> "open", base |-> base,
   entries |-> 0, controls |-> 0]
Replicas(segment) == IF Factor = 1 THEN {segment.leader} ELSE Nodes

Mutated(name) == Mutation = name

-----------------------------------------------------------------------------
(* What a leader knows and does *)

Writes(n, t) == writer[n][t].on /\ writer[n][t].gate # "stopped"
OwnCopy(n, t) == copy[n][t][writer[n][t].segment]

\* decideLease and leaseHeld
\* Code: libs/core/src/lease.ts#decideLease, libs/core/src/lease.ts#leaseHeld
HoldsLease(n, t) ==
  /\ SeenLast(n, t).state = "open"
  /\ SeenLast(n, t).leader = n
  /\ writer[n][t].epoch = SeenLast(n, t).epoch
  /\ (silence[n] = 0 \/ Mutated("lease-never-expires"))

\* committedPosition: what a quorum has on stable storage
\* Code: libs/core/src/replication.ts#committedPosition
Committed(n, t, w, c) ==
  LET at(m) == IF m = n THEN c.durable ELSE w.confirmed[m]
      who == Replicas(Seen(n, t)[w.segment])
      needed == IF Mutated("ack-before-quorum") THEN 1
                ELSE IF Mutated("ack-needs-all") THEN Factor ELSE Quorum
      reached(k) == Cardinality({m \in who : at(m) >= k}) >= needed
  IN CHOOSE k \in 0..Len(c.log) :
       /\ reached(k)
       /\ \A j \in 0..Len(c.log) : reached(j) => j <= k

\* Tickets up to position k are settled: entries acknowledged, the served one delivered.
SettleAt(n, t, w, c, k) ==
  LET end == Min(k, Len(c.log))
      base == Seen(n, t)[w.segment].base
      known == {<<a.producer, a.number>> : a \in acked[t]}
      fresh == {i \in (w.committed + 1)..end :
                  /\ c.log[i].kind = "entry"
                  /\ <<c.log[i].producer, c.log[i].number>> \notin known}
      serves == w.serving >= 0 /\ w.servingAt < k
  IN /\ acked' = [acked EXCEPT ![t] = @ \cup
          {[producer |-> c.log[i].producer, number |-> c.log[i].number,
            offset |-> base + Entries(Prefix(c.log, i)) - 1] : i \in fresh}]
     /\ delivered' = IF serves THEN [delivered EXCEPT ![t] = Append(@, w.serving)]
                     ELSE delivered
     /\ copy' = [copy EXCEPT ![n][t][w.segment] = [c EXCEPT !.committed = Max(@, k)]]
     /\ writer' = [writer EXCEPT ![n][t] =
          [w EXCEPT !.committed = k,
                    !.serving = IF serves THEN -1 ELSE @,
                    !.cursor = IF serves THEN w.serving + 1 ELSE @]]

Settle(n, t, w, c) ==
  SettleAt(n, t, w, c,
           IF w.gate = "stopped" THEN w.committed
           ELSE Max(w.committed, Committed(n, t, w, c)))

\* decideRollover asks for a drain
\* Code: libs/core/src/rollover.ts#decideRollover
Full(n, t, w, c) == HoldsLease(n, t) /\ Entries(c.log) >= EntriesMax

\* The record joins the leader's own log; a segment that is full closes its gate.
AppendTo(n, t, w, record) ==
  LET c == copy[n][t][w.segment]
      longer == [c EXCEPT !.log = Append(@, record)]
      counted == IF record.kind = "entry" THEN w.counted + 1 ELSE w.counted
      closes == w.gate = "open" /\ Full(n, t, w, longer)
  IN /\ copy' = [copy EXCEPT ![n][t][w.segment] = longer]
     /\ writer' = [writer EXCEPT ![n][t] =
          [w EXCEPT !.counted = counted, !.gate = IF closes THEN "closed" ELSE @]]

-----------------------------------------------------------------------------
(* Writing *)

Acked(t, p, i) == \E a \in acked[t] : a.producer = p /\ a.number = i
Sent(t, p, i) == \A j \in 0..(i - 1) : Acked(t, p, j)

\* A forwarded append reaches a leader, for the first time or again.
\* Code: libs/cluster/src/leading/append-intake.ts#append,
\*       libs/cluster/src/leading/topic-gate.ts#appendBatch
CanPut(n, t, p, i) ==
  LET w == writer[n][t]
      c == OwnCopy(n, t)
  IN /\ up[n] /\ Writes(n, t) /\ Sent(t, p, i)
     /\ LastOf(c.start.last[p], c.log, p) < i \/ Mutated("duplicate-stored-twice")
     /\ w.gate = "open" \/ Mutated("no-gate-before-seal")
     /\ HoldsLease(n, t)

Put(n, t, p, i) ==
  /\ CanPut(n, t, p, i)
  /\ AppendTo(n, t, writer[n][t], Entry(p, i))
  /\ UNCHANGED <<log, proposals, view, inherited, up, silence, attempts, acked, delivered, left>>

\* A leader knows the sequence, and its outcome.
\* Code: libs/cluster/src/leading/append-intake.ts#storedAnswer
CanPutKnown(n, t, p, i) ==
  LET w == writer[n][t]
      c == OwnCopy(n, t)
  IN /\ up[n] /\ Writes(n, t) /\ Sent(t, p, i) /\ ~Acked(t, p, i)
     /\ LastOf(c.start.last[p], c.log, p) >= i
     /\ \A j \in DOMAIN c.log : c.log[j] = Entry(p, i) => j <= w.committed

PutKnown(n, t, p, i) ==
  LET w == writer[n][t]
      before == {o \in 1..w.segment : \E j \in DOMAIN copy[n][t][o].log :
                   copy[n][t][o].log[j] = Entry(p, i)}
      offset == IF before = {} THEN -1
                ELSE LET o == CHOOSE o \in before : \A q \in before : q <= o
                         l == copy[n][t][o].log
                         j == CHOOSE j \in DOMAIN l : l[j] = Entry(p, i)
                     IN Seen(n, t)[o].base + Entries(Prefix(l, j)) - 1
  IN /\ CanPutKnown(n, t, p, i)
     /\ acked' = [acked EXCEPT ![t] = @ \cup {[producer |-> p, number |-> i, offset |-> offset]}]
     /\ UNCHANGED <<log, proposals, view, inherited, up, silence, copy, writer, attempts, delivered, left>>

\* What is written reaches stable storage.
\* Code: libs/wal/src/commit/committer.ts#Committer
CanSync(n, t, s) == up[n] /\ copy[n][t][s].durable < Len(copy[n][t][s].log)

Sync(n, t, s) ==
  LET c == copy[n][t][s]
      whole == [c EXCEPT !.durable = Len(c.log)]
  IN /\ CanSync(n, t, s)
     /\ IF writer[n][t].on /\ writer[n][t].segment = s
        THEN Settle(n, t, writer[n][t], whole)
        ELSE /\ copy' = [copy EXCEPT ![n][t][s] = [whole EXCEPT !.confirmed = Len(c.log)]]
             /\ UNCHANGED <<writer, acked, delivered>>
     /\ UNCHANGED <<log, proposals, view, inherited, up, silence, attempts, left>>

\* Who is asked about an epoch of a segment waits until its metadata have it.
Knows(n, t, s, e) == Len(Seen(n, t)) >= s /\ Seen(n, t)[s].epoch >= e
IsAwaited(n, t) ==
  \/ \E m \in Nodes : Writes(m, t) /\ ~Knows(n, t, writer[m][t].segment, writer[m][t].epoch)
  \/ \E a \in attempts : a.topic = t /\ ~Knows(n, t, a.segment, a.epoch)

\* A leader's next record reaches a replica, which has it on stable storage, or refuses it: by
\* its metadata, or by its copy.
\* Code: libs/cluster/src/replication/replica-stream.ts#pump,
\*       libs/cluster/src/replication/replica-service.ts#replicate,
\*       libs/core/src/replication.ts#decideReplicate
CanReplicate(n, t, r) ==
  LET w == writer[n][t]
      s == w.segment
  IN /\ Writes(n, t) /\ up[r] /\ r # n
     /\ r \in Replicas(Seen(n, t)[s])
     /\ Len(copy[r][t][s].log) < Len(OwnCopy(n, t).log)
     /\ Knows(r, t, s, w.epoch) /\ Seen(r, t)[s].state # "sealed"

Replicate(n, t, r) ==
  LET w == writer[n][t]
      s == w.segment
      own == OwnCopy(n, t)
      known == copy[r][t][s]
      c == IF known.has THEN known ELSE [NoCopy EXCEPT !.has = TRUE, !.fenced = w.epoch, !.start = own.start]
      stale == (w.epoch < c.fenced \/ w.epoch < Seen(r, t)[s].epoch) /\ ~Mutated("replica-ignores-epoch")
      longer == Append(c.log, own.log[Len(c.log) + 1])
  IN /\ CanReplicate(n, t, r)
     /\ IF stale
        THEN /\ writer' = [writer EXCEPT ![n][t].gate = "stopped", ![n][t].seal = NoCommand]
             /\ UNCHANGED copy
        ELSE /\ copy' = [copy EXCEPT ![r][t][s] =
                  [c EXCEPT !.log = longer, !.durable = Len(longer), !.confirmed = Len(longer),
                            !.committed = Max(@, Min(w.committed, Len(longer)))]]
             /\ UNCHANGED writer
     /\ UNCHANGED <<log, proposals, view, inherited, up, silence, attempts, acked, delivered, left>>

\* A confirmation reaches the leader, however late.
\* Code: libs/cluster/src/replication/replica-stream.ts#noteDurable,
\*       libs/cluster/src/replication/replicated-segment.ts#advance,
\*       libs/core/src/replication.ts#committedPosition
CanConfirm(n, t, r) ==
  Writes(n, t) /\ r # n /\ copy[r][t][writer[n][t].segment].confirmed > writer[n][t].confirmed[r]

Confirm(n, t, r) ==
  LET w == writer[n][t]
      at == copy[r][t][w.segment].confirmed
  IN /\ CanConfirm(n, t, r)
     /\ Settle(n, t, [w EXCEPT !.confirmed[r] = at], OwnCopy(n, t))
     /\ UNCHANGED <<log, proposals, view, inherited, up, silence, attempts, left>>

-----------------------------------------------------------------------------
(* Rollover: gate, drain, compare-and-set *)

\* placeNextSegment: whoever lives and is not the leader now; itself when nobody else does
\* Code: libs/core/src/placement.ts#placeNextSegment
NextLeaders(leader) ==
  LET others == {n \in Nodes \ {leader} : up[n]}
  IN IF others = {} THEN {leader} ELSE others

\* Code: libs/cluster/src/routing/topic-runtime.ts#startRollover,
\*       libs/core/src/rollover.ts#decideRollover
CanCloseGate(n, t) ==
  Writes(n, t) /\ writer[n][t].gate = "open" /\ Full(n, t, writer[n][t], OwnCopy(n, t))

CloseGate(n, t) ==
  /\ CanCloseGate(n, t)
  /\ writer' = [writer EXCEPT ![n][t].gate = "closed"]
  /\ UNCHANGED <<log, proposals, view, inherited, up, silence, copy, attempts, acked, delivered, left>>

Fencing(t, s, e) == [NoCommand EXCEPT !.kind = "fence", !.topic = t, !.segment = s, !.epoch = e]
SealCommand(t, s, e, entries, controls, next) ==
  [kind |-> "seal", topic |-> t, segment |-> s, epoch |-> e,
   entries |-> entries, controls |-> controls, next |-> next]

\* A leader that leaves, or an operator, ends a segment that is not full.
\* Code: libs/cluster/src/cluster-node.ts#rollAway,
\*       libs/cluster/src/administration/administration.ts#rollTopic
HandOver(n, t) ==
  /\ Writes(n, t) /\ writer[n][t].gate = "open" /\ HoldsLease(n, t) /\ left.handovers > 0
  /\ writer' = [writer EXCEPT ![n][t].gate = "closed", ![n][t].forced = TRUE]
  /\ left' = [left EXCEPT !.handovers = @ - 1]
  /\ UNCHANGED <<log, proposals, view, inherited, up, silence, copy, attempts, acked, delivered>>

\* Code: libs/cluster/src/leading/roll-over.ts#rollOver,
\*       libs/cluster/src/leading/local-segment.ts#recordEnd
CanProposeSeal(n, t) ==
  LET w == writer[n][t]
      end == Len(OwnCopy(n, t).log)
  IN /\ Writes(n, t) /\ w.gate = "closed"
     /\ w.committed = end \/ Mutated("count-before-drain")
     /\ Mutated("drain-hears-all") =>
          \A r \in Replicas(Seen(n, t)[w.segment]) \ {n} : w.confirmed[r] = end

ProposeSeal(n, t) ==
  LET w == writer[n][t]
      c == OwnCopy(n, t)
      done == Prefix(c.log, w.committed)
      count == IF Mutated("counters-from-memory") THEN w.counted ELSE Entries(done)
  IN /\ CanProposeSeal(n, t)
     /\ IF ~c.ended /\ ~(HoldsLease(n, t) /\ (count >= EntriesMax \/ w.forced))
        THEN /\ writer' = [writer EXCEPT ![n][t].gate = "open", ![n][t].forced = FALSE]
             /\ UNCHANGED <<proposals, copy>>
        \* Of an only copy in which nothing is, nothing is on disk that could say where it ends: it
        \* is fenced first, and a coordinator ends it under the new epoch.
        ELSE IF Factor = 1 /\ c.log = <<>> /\ ~Mutated("empty-end-not-fenced")
        THEN /\ proposals' = proposals \cup {Fencing(t, w.segment, w.epoch)}
             /\ writer' = [writer EXCEPT ![n][t].gate = "sealing"]
             /\ UNCHANGED copy
        ELSE \E next \in NextLeaders(n) :
               LET command == SealCommand(t, w.segment, w.epoch, count, Controls(done), next)
               IN /\ proposals' = proposals \cup {command}
                  /\ writer' = [writer EXCEPT ![n][t].gate = "sealing", ![n][t].seal = command]
                  \* The end is on the leader's disk before it is proposed.
                  /\ copy' = [copy EXCEPT ![n][t][w.segment].ended =
                                 c.log # <<>> /\ ~Mutated("end-not-recorded")]
     /\ UNCHANGED <<log, view, inherited, up, silence, attempts, acked, delivered, left>>

\* The answer did not come: the same command again.
\* Code: libs/cluster/src/leading/roll-over.ts#untilKnown
ProposeAgain(n, t) ==
  LET w == writer[n][t] IN
  /\ Writes(n, t) /\ w.gate = "sealing" /\ left.repeats > 0
  /\ w.seal # NoCommand /\ w.seal \notin proposals
  /\ Seen(n, t)[w.segment].epoch = w.epoch
  /\ proposals' = proposals \cup {w.seal}
  /\ left' = [left EXCEPT !.repeats = @ - 1]
  /\ UNCHANGED <<log, view, inherited, up, silence, copy, writer, attempts, acked, delivered>>

-----------------------------------------------------------------------------
(* Metadata *)

Stale(command) ==
  LET t == command.topic IN
  ~ /\ command.segment = Len(Newest(t))
    /\ command.epoch = Last(t).epoch

Applied(command) ==
  LET t == command.topic
      loose == Mutated("seal-without-compare-and-set") /\ command.kind = "seal"
      last == Last(t)
      front == SubSeq(Newest(t), 1, Len(Newest(t)) - 1)
      sealed == [last EXCEPT !.state = "sealed", !.entries = command.entries, !.controls = command.controls]
  IN IF Stale(command) /\ ~loose THEN Newest(t)
     ELSE IF command.kind = "fence"
          THEN Append(front, [last EXCEPT !.state = "recovering", !.epoch = @ + 1])
          ELSE Append(Append(front, sealed),
                      OpenSegment(command.next, last.epoch + 1, last.base + command.entries))

\* Code: libs/core/src/metadata/apply-segment.ts#sealAndRoll,
\*       libs/core/src/metadata/apply-segment.ts#fenceSegment
CanApply(command) == MajorityUp /\ Len(Applied(command)) <= SegmentMax

Apply(command) ==
  LET t == command.topic
      after == Applied(command)
  IN /\ CanApply(command)
     /\ proposals' = proposals \ {command}
     /\ log' = IF after = Newest(t) THEN log ELSE [log EXCEPT ![t] = Append(@, after)]
     /\ UNCHANGED <<view, inherited, up, silence, copy, writer, attempts, acked, delivered, left>>

\* A copy that is longer than its sealed segment gives up its tail.
Cut(c, segment) ==
  IF segment.state # "sealed" \/ ~c.has THEN c
  ELSE LET end == Min(End(segment), Len(c.log)) IN
       [c EXCEPT !.log = Prefix(c.log, end), !.durable = Min(@, end), !.committed = end]

CutAll(n, t, segments) ==
  [s \in 1..SegmentMax |->
     IF s > Len(segments) THEN copy[n][t][s] ELSE Cut(copy[n][t][s], segments[s])]

\* A node applies the newest metadata, and acts on it, when that makes a difference to somebody:
\* a node that knows less refuses less.
\* Code: libs/cluster/src/routing/topic-runtime.ts#adopt,
\*       libs/cluster/src/replication/segment-repair.ts#follow,
\*       libs/cluster/src/replication/await-metadata.ts#awaitSegment
IsEnded(w, now) == w.on /\ now[w.segment].state = "sealed"
IsFenced(w, now) == w.on /\ ~IsEnded(w, now) /\ now[w.segment].epoch > w.epoch

CanLearn(n, t) ==
  LET w == writer[n][t]
      now == Newest(t)
      opens == Last(t).state = "open" /\ Last(t).leader = n /\ ~w.on
      cuts == \E s \in 1..Len(now) : Cut(copy[n][t][s], now[s]) # copy[n][t][s]
  IN /\ up[n] /\ view[n][t] < Len(log[t])
     /\ IsEnded(w, now) \/ (IsFenced(w, now) /\ w.gate # "stopped") \/ opens \/ cuts \/ IsAwaited(n, t)

Learn(n, t) ==
  LET w == writer[n][t]
      now == Newest(t)
      ends == IsEnded(w, now)
      fenced == IsFenced(w, now)
      base == now[w.segment].base
      k == Max(w.committed, End(now[w.segment]))
      c == copy[n][t][w.segment]
      known == {<<a.producer, a.number>> : a \in acked[t]}
      fresh == {i \in (w.committed + 1)..Min(k, Len(c.log)) :
                  /\ c.log[i].kind = "entry"
                  /\ <<c.log[i].producer, c.log[i].number>> \notin known}
  IN /\ CanLearn(n, t)
     /\ view' = [view EXCEPT ![n][t] = Len(log[t])]
     /\ copy' = [copy EXCEPT ![n][t] = CutAll(n, t, now)]
     /\ IF ends
        THEN /\ acked' = [acked EXCEPT ![t] = @ \cup
                  {[producer |-> c.log[i].producer, number |-> c.log[i].number,
                    offset |-> base + Entries(Prefix(c.log, i)) - 1] : i \in fresh}]
             /\ delivered' = IF w.serving >= 0 /\ w.servingAt < k
                             THEN [delivered EXCEPT ![t] = Append(@, w.serving)] ELSE delivered
             /\ writer' = [writer EXCEPT ![n][t] = NoWriter]
        ELSE /\ writer' = IF fenced THEN [writer EXCEPT ![n][t].gate = "stopped", ![n][t].seal = NoCommand]
                          ELSE writer
             /\ UNCHANGED <<acked, delivered>>
     /\ UNCHANGED <<log, proposals, inherited, up, silence, attempts, left>>

-----------------------------------------------------------------------------
(* Opening a segment with the topic's state so far *)

WholeAt(n, t, s, segments) ==
  LET end == IF Mutated("state-from-any-copy") THEN 0 ELSE End(segments[s])
  IN up[n] /\ copy[n][t][s].start.known /\ Len(copy[n][t][s].log) >= end

\* The newest segment before s in which something was written; 0 if there is none.
Before(s, segments) ==
  LET written == {o \in 1..(s - 1) : End(segments[o]) > 0}
  IN IF written = {} THEN 0 ELSE CHOOSE o \in written : \A q \in written : q <= o

StartFrom(m, t, o, segments) ==
  LET c == copy[m][t][o]
      records == Prefix(c.log, End(segments[o]))
  IN [known |-> TRUE, cursor |-> CursorIn(c.start.cursor, records),
      last |-> [p \in Producers |->
         IF Mutated("producers-forgotten-at-rollover") THEN -1
         ELSE LastOf(c.start.last[p], records, p)]]

Begin(n, t, start) ==
  LET segments == Seen(n, t)
      s == Len(segments)
      old == copy[n][t][s]
      c == IF old.start.known THEN old
           ELSE [old EXCEPT !.has = TRUE, !.start = start, !.fenced = Max(@, segments[s].epoch)]
      \* An end that is recorded belongs to a rollover that a crash interrupted: it is finished.
      w == [NoWriter EXCEPT !.on = TRUE, !.segment = s, !.epoch = segments[s].epoch,
              !.gate = IF c.ended THEN "closed" ELSE "open",
              !.cursor = IF Mutated("cursor-from-memory") THEN 0
                         ELSE CursorIn(c.start.cursor, c.log)]
  IN /\ Settle(n, t, w, c)
     /\ silence' = [silence EXCEPT ![n] = 0]
     /\ UNCHANGED <<log, proposals, view, inherited, up, attempts, left>>

PreviousLife(n, t) ==
  ~Mutated("restarted-leader-goes-on") /\ Len(Seen(n, t)) <= inherited[n][t]

\* Code: libs/cluster/src/leading/open-tail.ts#openTail,
\*       libs/cluster/src/replication/inherited-state.ts#inheritedState
CanOpen(n, t) ==
  LET segments == Seen(n, t)
      s == Len(segments)
      o == Before(s, segments)
  IN /\ up[n] /\ ~writer[n][t].on
     /\ segments[s].state = "open" /\ segments[s].leader = n
     /\ Factor = 1 \/ ~PreviousLife(n, t)
     /\ IF copy[n][t][s].start.known \/ o = 0 THEN TRUE ELSE \E m \in Nodes : WholeAt(m, t, o, segments)

Open(n, t) ==
  LET segments == Seen(n, t)
      s == Len(segments)
      o == Before(s, segments)
      own == o > 0 /\ WholeAt(n, t, o, segments)
  IN /\ CanOpen(n, t)
     /\ IF copy[n][t][s].start.known THEN Begin(n, t, copy[n][t][s].start)
        ELSE IF o = 0 THEN Begin(n, t, [NoStart EXCEPT !.known = TRUE])
        ELSE \E m \in Nodes : /\ WholeAt(m, t, o, segments)
                              /\ own => m = n
                              /\ Begin(n, t, StartFrom(m, t, o, segments))

-----------------------------------------------------------------------------
(* Fencing and recovery *)

FenceCommand(t) == Fencing(t, Len(Newest(t)), Last(t).epoch)

\* Its leader is silent, or came back, or cannot go on.
\* Code: libs/cluster/src/replication/segment-recovery.ts#fenced,
\*       libs/cluster/src/leading/previous-life.ts#fenceAll,
\*       libs/cluster/src/routing/topic-runtime.ts#fence
CanProposeFence(t) ==
  LET leader == Last(t).leader
      w == writer[leader][t]
  IN /\ Factor > 1 /\ Last(t).state = "open"
     /\ FenceCommand(t) \notin proposals
     /\ \/ silence[leader] = 2
        \/ w.on /\ w.segment = Len(Newest(t)) /\ w.gate = "stopped"
        \/ ~w.on /\ ~Mutated("restarted-leader-goes-on") /\ Len(Newest(t)) <= inherited[leader][t]

ProposeFence(t) ==
  /\ CanProposeFence(t)
  /\ proposals' = proposals \cup {FenceCommand(t)}
  /\ UNCHANGED <<log, view, inherited, up, silence, copy, writer, attempts, acked, delivered, left>>

\* A second coordinator fences again.
\* Code: libs/core/src/metadata/apply-segment.ts#fenceSegment
TakeOver(t) ==
  /\ left.takeovers > 0 /\ Last(t).state = "recovering"
  /\ FenceCommand(t) \notin proposals
  /\ proposals' = proposals \cup {FenceCommand(t)}
  /\ left' = [left EXCEPT !.takeovers = @ - 1]
  /\ UNCHANGED <<log, view, inherited, up, silence, copy, writer, attempts, acked, delivered>>

NewAttempt(t, who) ==
  [topic |-> t, segment |-> Len(Newest(t)), epoch |-> Last(t).epoch, by |-> who,
   reports |-> [n \in Nodes |-> -1]]

\* Code: libs/cluster/src/replication/recovery-coordinator.ts#recover
CanBeginRecovery(t) ==
  /\ Last(t).state = "recovering"
  /\ \A a \in attempts : a.topic # t \/ a.epoch # Last(t).epoch
  /\ \A c \in proposals : ~(c.kind = "seal" /\ c.topic = t /\ c.epoch = Last(t).epoch)

BeginRecovery(t) ==
  /\ CanBeginRecovery(t)
  /\ attempts' = attempts \cup {NewAttempt(t, 1)}
  /\ UNCHANGED <<log, proposals, view, inherited, up, silence, copy, writer, acked, delivered, left>>

\* Two nodes each take themselves for the coordinator.
\* Code: libs/cluster/src/replication/recovery-coordinator.ts#isCoordinator
BeginSecondRecovery(t) ==
  /\ left.takeovers > 0 /\ Last(t).state = "recovering"
  /\ \E a \in attempts : a.topic = t /\ a.epoch = Last(t).epoch
  /\ attempts' = attempts \cup {NewAttempt(t, 2)}
  /\ left' = [left EXCEPT !.takeovers = @ - 1]
  /\ UNCHANGED <<log, proposals, view, inherited, up, silence, copy, writer, acked, delivered>>

\* The replica waits for the epoch, refuses older ones (a copy durably; where there is none, by
\* its metadata), settles what is in flight, and tells its end.  A leader that is told stops.
\* Code: libs/cluster/src/replication/segment-recovery.ts#reports,
\*       libs/cluster/src/replication/replica-service.ts#fence
CanHear(a, r) ==
  LET t == a.topic
      s == a.segment
  IN /\ up[r] /\ a.reports[r] = -1 /\ copy[r][t][s].fenced <= a.epoch
     /\ r \in Replicas(Newest(t)[s])
     /\ Knows(r, t, s, a.epoch)
     /\ Seen(r, t)[s].epoch = a.epoch /\ Seen(r, t)[s].state # "sealed"

Hear(a, r) ==
  LET t == a.topic
      s == a.segment
      c == copy[r][t][s]
      leads == writer[r][t].on /\ writer[r][t].segment = s
      \* Nobody else writes to an only copy: there the metadata are enough.
      fenced == [c EXCEPT !.fenced = IF Factor = 1 THEN @ ELSE a.epoch, !.durable = Len(c.log),
                          !.confirmed = IF leads THEN @ ELSE Max(@, Len(c.log))]
      w == writer[r][t]
      k == IF w.gate = "stopped" THEN w.committed ELSE Max(w.committed, Committed(r, t, w, fenced))
  IN /\ CanHear(a, r)
     /\ attempts' = (attempts \ {a}) \cup {[a EXCEPT !.reports[r] = Len(c.log)]}
     /\ IF leads THEN SettleAt(r, t, [w EXCEPT !.gate = "stopped"], fenced, k)
        ELSE /\ copy' = IF c.has THEN [copy EXCEPT ![r][t][s] = fenced] ELSE copy
             /\ UNCHANGED <<writer, acked, delivered>>
     /\ UNCHANGED <<log, proposals, view, inherited, up, silence, left>>

Heard(a) == {n \in Nodes : a.reports[n] >= 0}
Enough(a) ==
  Cardinality(Heard(a)) >= IF Mutated("recovery-hears-too-few") THEN 1
                           ELSE IF Mutated("recovery-hears-all") THEN Factor ELSE RecoveryQuorum

Longest(a) == CHOOSE k \in {a.reports[n] : n \in Heard(a)} : \A n \in Heard(a) : a.reports[n] <= k
Shortest(a) == CHOOSE k \in {a.reports[n] : n \in Heard(a)} : \A n \in Heard(a) : a.reports[n] >= k
EndOf(a) == IF Mutated("recovery-takes-shortest") THEN Shortest(a) ELSE Longest(a)

\* A replica takes what it lacks from one that has it, under the epoch of the recovery.
\* Who knows the end of a segment takes nothing more of it; and a copy that was cut since, because
\* the segment is sealed, is none to copy from.
\* Code: libs/cluster/src/replication/replica-service.ts#copySegment,
\*       libs/cluster/src/replication/segment-copier.ts#complete
Sources(a) ==
  {m \in Heard(a) : /\ up[m] /\ a.reports[m] = EndOf(a)
                     /\ Len(copy[m][a.topic][a.segment].log) >= EndOf(a)}

CanCopyTo(a, r) ==
  /\ Heard(a) # {} /\ Enough(a) /\ r \in Heard(a) /\ up[r]
  /\ a.reports[r] < EndOf(a)
  /\ copy[r][a.topic][a.segment].fenced <= a.epoch
  /\ Seen(r, a.topic)[a.segment].state # "sealed" \/ Mutated("copy-behind-seal")
  /\ Sources(a) # {}

CopyTo(a, r) ==
  LET t == a.topic
      s == a.segment
      c == copy[r][t][s]
  IN /\ CanCopyTo(a, r)
     /\ \E m \in Sources(a) :
          /\ LET longer == c.log \o SubSeq(copy[m][t][s].log, Len(c.log) + 1, EndOf(a)) IN
             copy' = [copy EXCEPT ![r][t][s] =
               [c EXCEPT !.has = TRUE, !.log = longer, !.durable = Len(longer), !.start = copy[m][t][s].start]]
     /\ attempts' = (attempts \ {a}) \cup {[a EXCEPT !.reports[r] = EndOf(a)]}
     /\ UNCHANGED <<log, proposals, view, inherited, up, silence, writer, acked, delivered, left>>

\* Code: libs/cluster/src/replication/segment-recovery.ts#seal,
\*       libs/core/src/replication.ts#decideRecovery, libs/core/src/replication.ts#wholeCopies
WholeCopies(a) == {n \in Heard(a) : a.reports[n] >= EndOf(a)}

CanSealRecovered(a) ==
  LET needed == IF Mutated("seal-before-copies") \/ Mutated("recovery-hears-too-few") THEN 1 ELSE Quorum
  IN Heard(a) # {} /\ Enough(a) /\ Cardinality(WholeCopies(a)) >= needed

SealRecovered(a) ==
  LET t == a.topic
  IN /\ CanSealRecovered(a)
     /\ \E m \in WholeCopies(a), next \in NextLeaders(Last(t).leader) :
          LET records == Prefix(copy[m][t][a.segment].log, EndOf(a)) IN
          proposals' = proposals \cup
            {SealCommand(t, a.segment, a.epoch, Entries(records), Controls(records), next)}
     /\ attempts' = attempts \ {a}
     /\ UNCHANGED <<log, view, inherited, up, silence, copy, writer, acked, delivered, left>>

\* Who has all of it is gone: the attempt fails, and is made anew with those that can be heard.
\* Code: libs/cluster/src/replication/segment-recovery.ts#copyTo,
\*       libs/cluster/src/replication/recovery-coordinator.ts#noteFailure
CanGiveUp(a) == Heard(a) # {} /\ Enough(a) /\ Sources(a) = {} /\ ~CanSealRecovered(a)

GiveUp(a) ==
  /\ CanGiveUp(a)
  /\ attempts' = attempts \ {a}
  /\ UNCHANGED <<log, proposals, view, inherited, up, silence, copy, writer, acked, delivered, left>>

-----------------------------------------------------------------------------
(* Reading at the shared cursor *)

\* Everything that may be read at that node: sealed segments, then what is committed of its own.
ReadableOffset(n, t) == writer[n][t].cursor
SegmentOf(segments, offset) ==
  CHOOSE s \in 1..Len(segments) :
    /\ segments[s].base <= offset
    /\ \A q \in 1..Len(segments) : segments[q].base <= offset => q <= s

CanRead(n, t) ==
  LET segments == Seen(n, t)
      o == ReadableOffset(n, t)
      s == SegmentOf(segments, o)
  IN IF segments[s].state = "sealed"
     THEN \E m \in Nodes : /\ up[m]
                           /\ Mutated("read-from-leader-only") => m = segments[s].leader
                           /\ Entries(copy[m][t][s].log) >= segments[s].entries
     ELSE o - segments[s].base < Entries(Prefix(copy[n][t][s].log, writer[n][t].committed))

\* Code: libs/cluster/src/leading/shared-cursor.ts#serveAll,
\*       libs/cluster/src/reading/segment-reader.ts#read, libs/core/src/cursor.ts#nextRead
CanGet(n, t) ==
  /\ Readers /\ Writes(n, t) /\ writer[n][t].gate = "open" /\ writer[n][t].serving = -1
  /\ HoldsLease(n, t) /\ CanRead(n, t)

Get(n, t) ==
  LET w == writer[n][t] IN
  /\ CanGet(n, t)
  /\ IF Mutated("cursor-not-fenced")
     THEN /\ AppendTo(n, t, [w EXCEPT !.cursor = @ + 1], Cursor(w.cursor + 1))
          /\ delivered' = [delivered EXCEPT ![t] = Append(@, w.cursor)]
     ELSE /\ AppendTo(n, t, [w EXCEPT !.serving = w.cursor, !.servingAt = Len(OwnCopy(n, t).log)],
                      Cursor(w.cursor + 1))
          /\ UNCHANGED delivered
  /\ UNCHANGED <<log, proposals, view, inherited, up, silence, attempts, acked, left>>

-----------------------------------------------------------------------------
(* What goes wrong *)

Barrier == ~Mutated("start-without-barrier") /\ ~Mutated("fence-is-forgotten")

\* A process dies, with or without what is not on stable storage.
\* Code: none, the process is gone.
Crash(n) ==
  LET seen(c) == IF Mutated("fence-is-forgotten") THEN 0 ELSE c.fenced
      lost(c) == [c EXCEPT !.log = Prefix(@, c.durable), !.committed = 0, !.fenced = seen(c)]
      kept(c) == [c EXCEPT !.durable = Len(c.log), !.committed = 0, !.fenced = seen(c)]
  IN /\ up[n] /\ left.crashes > 0
     /\ \/ copy' = [copy EXCEPT ![n] = [t \in Topics |-> [s \in 1..SegmentMax |-> lost(copy[n][t][s])]]]
        \/ copy' = [copy EXCEPT ![n] = [t \in Topics |-> [s \in 1..SegmentMax |-> kept(copy[n][t][s])]]]
     /\ up' = [up EXCEPT ![n] = FALSE]
     /\ silence' = [silence EXCEPT ![n] = 2]
     /\ writer' = [writer EXCEPT ![n] = [t \in Topics |-> NoWriter]]
     /\ left' = [left EXCEPT !.crashes = @ - 1]
     \* What a node had applied is not on its disk.
     /\ view' = IF Barrier THEN view ELSE [view EXCEPT ![n] = [t \in Topics |-> 1]]
     /\ UNCHANGED <<log, proposals, inherited, attempts, acked, delivered>>

\* A process starts; it takes part when its metadata are as new as the cluster's.
\* Code: libs/cluster/src/open-node.ts#openNode,
\*       libs/cluster/src/leading/previous-life.ts#PreviousLife
Restart(n) ==
  /\ ~up[n]
  /\ up' = [up EXCEPT ![n] = TRUE]
  /\ silence' = [silence EXCEPT ![n] = 0]
  /\ IF Barrier
     THEN /\ view' = [view EXCEPT ![n] = [t \in Topics |-> Len(log[t])]]
          /\ inherited' = [inherited EXCEPT ![n] = [t \in Topics |-> Len(Newest(t))]]
          /\ copy' = [copy EXCEPT ![n] = [t \in Topics |-> CutAll(n, t, Newest(t))]]
     ELSE /\ inherited' = [inherited EXCEPT ![n] = [t \in Topics |-> Len(Seen(n, t))]]
          /\ UNCHANGED <<view, copy>>
  /\ UNCHANGED <<log, proposals, writer, attempts, acked, delivered, left>>

\* Nobody hears a leader: its lease runs out, and then others take it for dead.
\* Code: libs/cluster/src/liveness/write-lease.ts#WriteLease, libs/core/src/lease.ts#leaseHeld,
\*       libs/core/src/liveness.ts#liveNodes
FallSilent(n) ==
  /\ up[n] /\ silence[n] < 2
  /\ silence[n] = 0 => left.silences > 0
  /\ \E t \in Topics : Writes(n, t)
  /\ silence' = [silence EXCEPT ![n] = @ + 1]
  /\ left' = IF silence[n] = 0 THEN [left EXCEPT !.silences = @ - 1] ELSE left
  /\ UNCHANGED <<log, proposals, view, inherited, up, copy, writer, attempts, acked, delivered>>

\* Code: libs/cluster/src/liveness/heartbeats.ts#onContact,
\*       libs/cluster/src/liveness/write-lease.ts#sweep
CanReachMajority(n) == up[n] /\ silence[n] > 0 /\ MajorityUp

ReachMajority(n) ==
  /\ CanReachMajority(n)
  /\ silence' = [silence EXCEPT ![n] = 0]
  /\ UNCHANGED <<log, proposals, view, inherited, up, copy, writer, attempts, acked, delivered, left>>

\* A disk refuses a commit that replicas may have.
\* Code: libs/cluster/src/replication/replicated-segment.ts#fail,
\*       libs/cluster/src/routing/topic-runtime.ts#fence
RefuseCommit(n, t) ==
  LET w == writer[n][t]
      c == OwnCopy(n, t)
      goesOn == Factor = 1 \/ Mutated("refused-commit-rewritten")
      reopened == IF w.gate = "closed" THEN "open" ELSE w.gate
  IN /\ w.on /\ left.refusals > 0 /\ c.durable < Len(c.log)
     /\ copy' = [copy EXCEPT ![n][t][w.segment] =
          [c EXCEPT !.log = Prefix(@, c.durable), !.committed = Min(@, c.durable)]]
     /\ writer' = [writer EXCEPT ![n][t] =
          [w EXCEPT !.gate = IF goesOn THEN reopened ELSE "stopped",
                    !.seal = IF goesOn THEN @ ELSE NoCommand,
                    !.committed = Min(@, c.durable),
                    !.serving = IF w.serving >= 0 /\ w.servingAt < c.durable THEN @ ELSE -1]]
     /\ left' = [left EXCEPT !.refusals = @ - 1]
     /\ UNCHANGED <<log, proposals, view, inherited, up, silence, attempts, acked, delivered>>

-----------------------------------------------------------------------------
Init ==
  /\ \E first \in [Topics -> Nodes] :
       log = [t \in Topics |-> <<<<OpenSegment(first[t], 1, 0)>>>>]
  /\ proposals = {}
  /\ view = [n \in Nodes |-> [t \in Topics |-> 1]]
  /\ inherited = [n \in Nodes |-> [t \in Topics |-> 0]]
  /\ up = [n \in Nodes |-> TRUE]
  /\ silence = [n \in Nodes |-> 0]
  /\ copy = [n \in Nodes |-> [t \in Topics |-> [s \in 1..SegmentMax |-> NoCopy]]]
  /\ writer = [n \in Nodes |-> [t \in Topics |-> NoWriter]]
  /\ attempts = {}
  /\ acked = [t \in Topics |-> {}]
  /\ delivered = [t \in Topics |-> <<>>]
  /\ left = [crashes |-> Crashes, silences |-> Silences, refusals |-> Refusals,
             repeats |-> Repeats, takeovers |-> Takeovers, handovers |-> Handovers]

ApplyAny == \E command \in proposals : Apply(command)
HearAny == \E a \in attempts, r \in Nodes : Hear(a, r)
CopyToAny == \E a \in attempts, r \in Nodes : CopyTo(a, r)
SealRecoveredAny == \E a \in attempts : SealRecovered(a)
GiveUpAny == \E a \in attempts : GiveUp(a)
PutAny(n, t) == \E p \in Producers, i \in 0..(PerProducer - 1) : Put(n, t, p, i)
PutKnownAny(n, t) == \E p \in Producers, i \in 0..(PerProducer - 1) : PutKnown(n, t, p, i)

Next ==
  \/ ApplyAny \/ HearAny \/ CopyToAny \/ SealRecoveredAny \/ GiveUpAny
  \/ \E t \in Topics : ProposeFence(t) \/ TakeOver(t) \/ BeginRecovery(t) \/ BeginSecondRecovery(t)
  \/ \E n \in Nodes : Crash(n) \/ Restart(n) \/ FallSilent(n) \/ ReachMajority(n)
  \/ \E n \in Nodes, t \in Topics :
       \/ PutAny(n, t) \/ PutKnownAny(n, t) \/ CloseGate(n, t) \/ HandOver(n, t) \/ ProposeSeal(n, t)
       \/ ProposeAgain(n, t) \/ Learn(n, t) \/ Open(n, t) \/ Get(n, t) \/ RefuseCommit(n, t)
       \/ \E s \in 1..SegmentMax : Sync(n, t, s)
       \/ \E r \in Nodes : Replicate(n, t, r) \/ Confirm(n, t, r)

\* Fairness for each action: as long as it is possible somewhere, it happens at last.  Faults need
\* not happen, and who crashed need not come back, unless it has the only copy or a majority is gone.
\*
\* Weak fairness says that an action that stays possible happens.  No action happens for ever, since
\* each uses something up (that is checked: Ends); so whatever is possible again and again is not
\* done, and "stays possible" and "is possible again and again" are the same.  In these words
\* TLC, which evaluates ENABLED slowly, is a hundred times quicker.
ApplyIsFair == []<>~(\E command \in proposals : CanApply(command))
HearIsFair == []<>~(\E a \in attempts, r \in Nodes : CanHear(a, r))
CopyIsFair == []<>~(\E a \in attempts, r \in Nodes : CanCopyTo(a, r))
SealIsFair == []<>~(\E a \in attempts : CanSealRecovered(a))
GiveUpIsFair == []<>~(\E a \in attempts : CanGiveUp(a))
SyncIsFair == []<>~(\E n \in Nodes, t \in Topics, s \in 1..SegmentMax : CanSync(n, t, s))
ReplicateIsFair == []<>~(\E n, r \in Nodes, t \in Topics : CanReplicate(n, t, r))
ConfirmIsFair == []<>~(\E n, r \in Nodes, t \in Topics : CanConfirm(n, t, r))
PutIsFair ==
  []<>~(\E n \in Nodes, t \in Topics, p \in Producers, i \in 0..(PerProducer - 1) : CanPut(n, t, p, i))
PutKnownIsFair ==
  []<>~(\E n \in Nodes, t \in Topics, p \in Producers, i \in 0..(PerProducer - 1) : CanPutKnown(n, t, p, i))
CloseGateIsFair == []<>~(\E n \in Nodes, t \in Topics : CanCloseGate(n, t))
ProposeSealIsFair == []<>~(\E n \in Nodes, t \in Topics : CanProposeSeal(n, t))
LearnIsFair == []<>~(\E n \in Nodes, t \in Topics : CanLearn(n, t))
OpenIsFair == []<>~(\E n \in Nodes, t \in Topics : CanOpen(n, t))
GetIsFair == []<>~(\E n \in Nodes, t \in Topics : CanGet(n, t))
ProposeFenceIsFair == []<>~(\E t \in Topics : CanProposeFence(t))
BeginRecoveryIsFair == []<>~(\E t \in Topics : CanBeginRecovery(t))
ReachMajorityIsFair == []<>~(\E n \in Nodes : CanReachMajority(n))
RestartIsFair == []<>~((Factor = 1 \/ ~MajorityUp) /\ \E n \in Nodes : ~up[n])

Fairness ==
  /\ ApplyIsFair /\ HearIsFair /\ CopyIsFair /\ SealIsFair /\ GiveUpIsFair
  /\ SyncIsFair /\ ReplicateIsFair /\ ConfirmIsFair /\ PutIsFair /\ PutKnownIsFair
  /\ CloseGateIsFair /\ ProposeSealIsFair /\ LearnIsFair /\ OpenIsFair /\ GetIsFair
  /\ ProposeFenceIsFair /\ BeginRecoveryIsFair /\ ReachMajorityIsFair /\ RestartIsFair

\* No behaviour takes steps for ever.
Ends == <>[][FALSE]_vars

\* What fairness is about is what can happen.
GuardsAreRight ==
  /\ \A command \in proposals : CanApply(command) <=> ENABLED Apply(command)
  /\ \A a \in attempts, r \in Nodes :
       /\ CanHear(a, r) <=> ENABLED Hear(a, r)
       /\ CanCopyTo(a, r) <=> ENABLED CopyTo(a, r)
  /\ \A a \in attempts : CanSealRecovered(a) <=> ENABLED SealRecovered(a)
  /\ \A a \in attempts : CanGiveUp(a) <=> ENABLED GiveUp(a)
  /\ \A n \in Nodes, t \in Topics :
       /\ \A s \in 1..SegmentMax : CanSync(n, t, s) <=> ENABLED Sync(n, t, s)
       /\ \A r \in Nodes : CanReplicate(n, t, r) <=> ENABLED Replicate(n, t, r)
       /\ \A r \in Nodes : CanConfirm(n, t, r) <=> ENABLED Confirm(n, t, r)
       /\ \A p \in Producers, i \in 0..(PerProducer - 1) :
            /\ CanPut(n, t, p, i) <=> ENABLED Put(n, t, p, i)
            /\ CanPutKnown(n, t, p, i) <=> ENABLED PutKnown(n, t, p, i)
       /\ CanCloseGate(n, t) <=> ENABLED CloseGate(n, t)
       /\ CanProposeSeal(n, t) <=> ENABLED ProposeSeal(n, t)
       /\ CanLearn(n, t) <=> ENABLED Learn(n, t)
       /\ CanOpen(n, t) <=> ENABLED Open(n, t)
       /\ CanGet(n, t) <=> ENABLED Get(n, t)
  /\ \A t \in Topics :
       /\ CanProposeFence(t) <=> ENABLED ProposeFence(t)
       /\ CanBeginRecovery(t) <=> ENABLED BeginRecovery(t)
  /\ \A n \in Nodes : CanReachMajority(n) <=> ENABLED ReachMajority(n)

Spec == Init /\ [][Next]_vars

\* For progress, which allows no symmetry: one of the first states stands for all of them.
OneInit == Init /\ \A t \in Topics : Last(t).leader = CHOOSE n \in Nodes : TRUE
UnfairSpec == OneInit /\ [][Next]_vars
FairSpec == OneInit /\ [][Next]_vars /\ Fairness

-----------------------------------------------------------------------------
(* Invariants.  The first six have the names of the original's model. *)

Copies(t, s) == {copy[n][t][s] : n \in Nodes}
\* All that is stored of a segment, as far as it reaches.
TrueLog(t, s) ==
  LET c == CHOOSE c \in Copies(t, s) : \A d \in Copies(t, s) : Len(d.log) <= Len(c.log)
  IN IF Newest(t)[s].state = "sealed" THEN Prefix(c.log, End(Newest(t)[s])) ELSE c.log

\* The segment's part of the topic, from its first one to s.
RECURSIVE LogUpTo(_, _)
LogUpTo(t, s) == IF s = 0 THEN <<>> ELSE LogUpTo(t, s - 1) \o TrueLog(t, s)
Whole(t) == LogUpTo(t, Len(Newest(t)))

DomainConsistency ==
  /\ \A n \in Nodes, t \in Topics : view[n][t] \in 1..Len(log[t])
  /\ \A t \in Topics : \A s \in 1..Len(Newest(t)) :
       LET segment == Newest(t)[s] IN
       /\ segment.leader \in Nodes
       /\ (segment.state = "sealed") <=> (s < Len(Newest(t)))
       /\ s > 1 => /\ segment.base = Newest(t)[s - 1].base + Newest(t)[s - 1].entries
                   /\ segment.epoch > Newest(t)[s - 1].epoch
       /\ \A n \in Nodes : copy[n][t][s].has => n \in Replicas(segment)

SingleWriterPerSegment ==
  \A t \in Topics : \A s \in 1..Len(Newest(t)) :
    /\ \A i \in DOMAIN log[t] : s <= Len(log[t][i]) => log[t][i][s].leader = Newest(t)[s].leader
    /\ \A n \in Nodes : writer[n][t].on /\ writer[n][t].segment = s => n = Newest(t)[s].leader

NoWritesPastOpenSegment ==
  \A n \in Nodes, t \in Topics, s \in 1..SegmentMax : copy[n][t][s].has => s <= Len(Newest(t))

SealedCountsStable ==
  \A t \in Topics : \A s \in 1..Len(Newest(t)) :
    LET segment == Newest(t)[s] IN
    segment.state = "sealed" =>
      /\ \A i \in DOMAIN log[t] : s <= Len(log[t][i]) /\ log[t][i][s].state = "sealed" => log[t][i][s] = segment
      /\ End(segment) > 0 => Cardinality({n \in Nodes : copy[n][t][s].durable >= End(segment)}) >= Quorum
      /\ \A n \in Nodes : up[n] /\ s <= Len(Seen(n, t)) /\ Seen(n, t)[s].state = "sealed"
                            => Len(copy[n][t][s].log) <= End(segment)

ReadCursorBounds ==
  \A t \in Topics :
    LET records == Whole(t) IN
    /\ \A i \in DOMAIN records : records[i].kind = "cursor" =>
         /\ records[i].number <= Entries(Prefix(records, i))
         /\ \A j \in 1..(i - 1) : records[j].kind = "cursor" => records[j].number <= records[i].number
    /\ \A n \in Nodes : writer[n][t].cursor <= Entries(records)

SequentialWriteOrder ==
  \A t \in Topics : LET records == Whole(t) IN
    \A i \in DOMAIN records : records[i].kind = "entry" =>
      records[i].number = Cardinality({j \in 1..(i - 1) :
        records[j].kind = "entry" /\ records[j].producer = records[i].producer})

\* What was acknowledged is in the log, at that offset, on a quorum of disks.
AckedForever ==
  \A t \in Topics : \A a \in acked[t] :
    \E s \in 1..Len(Newest(t)) : \E i \in DOMAIN TrueLog(t, s) :
      LET records == TrueLog(t, s) IN
      /\ records[i] = Entry(a.producer, a.number)
      /\ a.offset = -1 \/ a.offset = Newest(t)[s].base + Entries(Prefix(records, i)) - 1
      /\ Cardinality({n \in Nodes : copy[n][t][s].durable >= i /\ copy[n][t][s].log[i] = records[i]}) >= Quorum

Agree(a, b, k) == \A i \in 1..k : a[i] = b[i]

CommittedPrefixesAgree ==
  \A t \in Topics : \A s \in 1..SegmentMax : \A c, d \in Copies(t, s) :
    Agree(c.log, d.log, Min(Min(c.committed, Len(c.log)), Len(d.log)))

CopiesArePrefixes ==
  \A t \in Topics : \A s \in 1..SegmentMax : \A c, d \in Copies(t, s) :
    Agree(c.log, d.log, Min(Len(c.log), Len(d.log)))

\* Once a proposal may decide where a segment ends, its leader has settled nothing behind that.
NothingAckedUnderFencedEpoch ==
  \A n \in Nodes, t \in Topics :
    LET w == writer[n][t] IN
    w.on =>
      /\ Newest(t)[w.segment].state = "sealed" => w.committed <= End(Newest(t)[w.segment])
      /\ \A c \in proposals :
           (c.kind = "seal" /\ c.topic = t /\ c.segment = w.segment /\ c.epoch = Newest(t)[w.segment].epoch)
             => w.committed <= c.entries + c.controls

DeliveredAtMostOnce ==
  \A t \in Topics :
    /\ \A i, j \in DOMAIN delivered[t] : i # j => delivered[t][i] # delivered[t][j]
    /\ \A i \in DOMAIN delivered[t] : delivered[t][i] < Entries(Whole(t))

LeaseOverBeforeFence ==
  \A n \in Nodes, t \in Topics : up[n] /\ silence[n] = 2 /\ Writes(n, t) => ~HoldsLease(n, t)

-----------------------------------------------------------------------------
(* Progress.  Each can fail: with the mutations "recovery-hears-all", "drain-hears-all",            *)
(* "ack-needs-all" and "read-from-leader-only", in this order.                                        *)

Led(t) ==
  LET leader == Last(t).leader IN
  /\ Last(t).state = "open" /\ Writes(leader, t)
  /\ writer[leader][t].segment = Len(Newest(t))

FailoverProgress == \A t \in Topics : (~Led(t)) ~> Led(t)

FullSegment(t, s) ==
  /\ Len(Newest(t)) = s
  /\ Led(t) /\ Entries(OwnCopy(Last(t).leader, t).log) >= EntriesMax
RolloverProgress ==
  \A t \in Topics : \A s \in 1..(SegmentMax - 1) : FullSegment(t, s) ~> (Len(Newest(t)) > s)

WriteProgress == \A t \in Topics : <>(Cardinality(acked[t]) = Cardinality(Producers) * PerProducer)

\* The cursor that a quorum knows of: that of the leader, as far as it is committed.
AtCursor(t, d) == Led(t) /\ writer[Last(t).leader][t].cursor = d
ReadProgress ==
  Readers => \A t \in Topics : \A d \in 0..(Cardinality(Producers) * PerProducer - 1) :
    (AtCursor(t, d) /\ Cardinality(acked[t]) > d) ~> (Led(t) /\ writer[Last(t).leader][t].cursor > d)

Symmetry == Permutations(Nodes)
=============================================================================
