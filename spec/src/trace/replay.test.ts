import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_TOPIC_CONFIG, type MetadataCommand, type ProtocolEvent } from '@walrus/core'
import { expect } from 'chai'
import { parseEvent, type TracedEvent } from './event-shapes.js'
import { main } from './main.js'
import { replayTraces } from './merge.js'
import type { TracedLine } from './trace-file.js'

const S1 = { topic: 'logs', segment: 1, epoch: 4 }

describe('the replay of a trace', () => {
  let run: Run
  beforeEach(() => {
    run = new Run()
  })

  it('allows a rollover, whatever order the nodes are given in', () => {
    run.firstSegment()
    run.rollOver()
    for (const nodes of [
      [1, 2, 3],
      [3, 1, 2],
      [2, 3, 1],
    ]) {
      expect(replayTraces(nodes.map((node) => run.linesOf(node)))).to.include({ fault: undefined, segments: 2 })
    }
    expect(replayTraces([run.lines]).events).to.equal(run.lines.length)
  })

  it('allows a fail-over, after which the old leader comes back and gives its tail up', () => {
    run.firstSegment()
    run.failOver()
    run.startAgain(1, { entryCount: 3, controlCount: 0, fencedEpoch: 4 })
    run.of(1, { kind: 'truncated', topic: 'logs', segment: 1, position: 2 })
    expect(run.fault()).to.equal(undefined)
  })

  it('refuses an acknowledgement before a quorum has it', () => {
    run.firstSegment()
    run.of(1, { kind: 'appended', ...S1, position: 2, entryCount: 1 })
    run.of(1, { kind: 'stored', ...S1, position: 3 })
    run.of(1, { kind: 'committed', ...S1, position: 3 })
    run.of(2, { kind: 'taken', ...S1, position: 2, end: 3 })
    expect(run.fault()).to.match(/node 1, event \d+, committed: AckedForever: 1 of 3 disks have the 3 records/)
  })

  it('refuses what a replica takes after its fence', () => {
    run.firstSegment()
    run.failOver()
    run.of(2, { kind: 'taken', ...S1, position: 2, end: 3 })
    expect(run.fault()).to.include('metadataFences: it takes what is of epoch 4, and its metadata is at 5')
  })

  it('refuses what a leader appends after its fence', () => {
    run.firstSegment()
    run.apply([1], { kind: 'FenceSegment', topic: 'logs', segment: 1, epoch: 4 })
    run.of(1, { kind: 'fenced', ...S1, epoch: 5, createdEpoch: 4, entryCount: 2, controlCount: 0 })
    run.of(1, { kind: 'appended', ...S1, position: 2, entryCount: 1 })
    expect(run.fault()).to.include('gateCloses: nothing may follow: it was fenced at epoch 5')
  })

  it('refuses a seal with another count than the log has', () => {
    run.firstSegment()
    run.of(1, { kind: 'seal-proposed', ...S1, by: 'leader', entryCount: 1, controlCount: 1, nextLeader: 2 })
    expect(run.fault()).to.include('SealedCountsStable: 1 entries in 2 records, but the log has 2 entries there')
  })

  it('refuses a seal that nobody has proposed', () => {
    run.firstSegment()
    run.apply([1], sealAndRoll(4, 2))
    expect(run.fault()).to.include('metadata-applied: nobody has proposed it yet')
  })

  it('refuses an acknowledgement behind the end of the segment', () => {
    run.firstSegment()
    run.of(1, { kind: 'appended', ...S1, position: 2, entryCount: 1 })
    run.of(1, { kind: 'stored', ...S1, position: 3 })
    run.failOver({ appends: false })
    run.of(3, { kind: 'taken', ...S1, position: 2, end: 3 })
    run.of(1, { kind: 'committed', ...S1, position: 3 })
    expect(run.fault()).to.match(/NothingAckedUnderFencedEpoch|decideReplicate|metadataFences/)
  })

  it('refuses a second leader in one segment', () => {
    run.firstSegment()
    run.of(2, { kind: 'segment-opened', ...S1, entryCount: 2, cursors: {} })
    expect(run.fault()).to.include('SingleWriterPerSegment: node 1 leads it')
  })

  it('refuses a leader that goes on with its segment after a restart', () => {
    run.firstSegment()
    run.startAgain(1, { entryCount: 2, controlCount: 0, fencedEpoch: 4 })
    run.of(1, { kind: 'segment-opened', ...S1, entryCount: 2, cursors: {} })
    expect(run.fault()).to.include('restartFences')
  })

  it('refuses a recovery at the shorter of two copies', () => {
    run.firstSegment()
    run.of(2, { kind: 'taken', ...S1, position: 2, end: 3 })
    run.of(1, { kind: 'appended', ...S1, position: 2, entryCount: 1 })
    run.fence([2, 3])
    run.of(2, { kind: 'fenced', ...S1, epoch: 5, createdEpoch: 4, entryCount: 3, controlCount: 0 })
    run.of(3, { kind: 'fenced', ...S1, epoch: 5, createdEpoch: 4, entryCount: 2, controlCount: 0 })
    const [long, short] = [3, 2].map((entryCount) => ({ createdEpoch: 4, entryCount, controlCount: 0 }))
    const reports = [
      { node: 2, ...long },
      { node: 3, ...short },
    ] as Extract<ProtocolEvent, { kind: 'recovery-decided' }>['reports']
    run.of(3, { kind: 'recovery-decided', ...S1, epoch: 5, reports, entryCount: 2, controlCount: 0 })
    expect(run.fault()).to.include('decideRecovery: the longest copy has 3 entries and 0 control batches, on node 2')
  })

  it('refuses a copy that has lost what was on stable storage', () => {
    run.firstSegment()
    run.startAgain(2, { entryCount: 1, controlCount: 0, fencedEpoch: 4 })
    expect(run.fault()).to.include('AckedForever: the copy had 2 records on stable storage, and 1 are left')
  })

  it('refuses a copy that is gone', () => {
    run.firstSegment()
    run.startAgain(2)
    expect(run.fault()).to.include('its copy of segment 1 of "logs" with 2 records is gone')
  })

  it('refuses an entry that is delivered twice, or before its cursor is committed', () => {
    run.firstSegment()
    run.of(1, { kind: 'appended', ...S1, position: 2, entryCount: 0, cursors: { shared: 2 } })
    const delivery = { kind: 'delivered', topic: 'logs', cursor: 'shared', offset: 0, entryCount: 2 } as const
    const early = run.copy()
    early.of(1, delivery)
    expect(early.fault()).to.include('cursorBeforeDelivery: no control batch that is committed has the cursor at 2')
    run.store(3)
    run.of(1, delivery)
    run.of(1, { kind: 'appended', ...S1, position: 3, entryCount: 0, cursors: { shared: 2 } })
    run.store(4)
    run.of(1, delivery)
    expect(run.fault()).to.include('DeliveredAtMostOnce: entries from 0 to 2 were delivered before')
  })

  it('allows to deliver again what somebody has moved the cursor back to, and nothing else', () => {
    run.firstSegment()
    run.of(1, { kind: 'appended', ...S1, position: 2, entryCount: 0, cursors: { shared: 2 } })
    run.store(3)
    const givenUp = run.copy()
    run.of(1, { kind: 'delivered', topic: 'logs', cursor: 'shared', offset: 0, entryCount: 2 })
    const unasked = run.copy()
    run.of(1, { kind: 'cursor-moved', topic: 'logs', cursor: 'shared', offset: 1 })
    for (const one of [run, unasked, givenUp])
      one.of(1, { kind: 'appended', ...S1, position: 3, entryCount: 0, cursors: { shared: 1 } })
    expect(run.fault()).to.equal(undefined)
    expect(givenUp.fault()).to.equal(undefined)
    expect(unasked.fault()).to.include('ReadCursorBounds: cursor "shared" goes back from 2 to 1')
  })

  it('refuses what a producer has numbered once and is appended twice', () => {
    run.firstSegment()
    run.of(1, { kind: 'appended', ...S1, position: 2, entryCount: 2, producer: { id: 7, sequence: 3 } })
    run.of(1, { kind: 'appended', ...S1, position: 4, entryCount: 1, producer: { id: 7, sequence: 4 } })
    expect(run.fault()).to.include('SequentialWriteOrder: producer 7 has 4 in the log, and 4 is appended behind it')
  })

  it('refuses nodes that disagree about the metadata', () => {
    run.firstSegment()
    run.of(1, applied(5, { kind: 'FenceSegment', topic: 'logs', segment: 1, epoch: 4 }))
    run.of(2, applied(5, { kind: 'RemoveNode', id: 3 }, 'rejected'))
    expect(run.fault()).to.include('DomainConsistency: another node has applied something else as version 5')
  })

  it('refuses a trace that ends too early for the others, and one with a gap', () => {
    run.firstSegment()
    run.rollOver()
    for (const node of [1, 2]) {
      const others = [1, 2, 3].filter((one) => one !== node).map((one) => run.linesOf(one))
      const short = run.linesOf(node).slice(0, -4)
      expect(replayTraces([...others, short]).fault?.[0]).to.equal('No node can go on, and the trace is not at its end')
      const gap = run.linesOf(node).filter((_, at) => at !== 8)
      expect(replayTraces([...others, gap]).fault?.[0]).to.include('lines are missing')
    }
  })

  it('says which line it is, and what the state around it is', () => {
    run.firstSegment()
    run.of(2, { kind: 'segment-opened', ...S1, entryCount: 2, cursors: {} })
    const [first, ...around] = replayTraces([run.lines]).fault ?? []
    expect(first).to.match(/^trace:\d+: node 2, event \d+, segment-opened: /)
    expect(around.join('\n')).to.include(
      'segment 1 of "logs" (open at epoch 4): led by node 1 under epoch 4, on nodes 1, 2, 3, quorum 2; 2 records appended (2 entries), 2 settled',
    )
  })
})

describe('npm run spec:trace', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'walrus-spec-trace-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function saved(name: string, text: string): string {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }

  function ran(...words: string[]): { code: number; lines: string[] } {
    const lines: string[] = []
    return { code: main(words, (line) => lines.push(line)), lines }
  }

  it('reads the files of the nodes, and ends with 0', () => {
    const run = new Run()
    run.firstSegment()
    run.rollOver()
    const files = [1, 2, 3].map((node) => saved(`node-${node}.jsonl`, textOf(run.linesOf(node))))
    const { code, lines } = ran(...files)
    expect(lines.join()).to.match(/^The model allows this run: \d+ events of 3 nodes, 2 segments/)
    expect(code).to.equal(0)
  })

  it('ends with 1 when the model does not allow the run', () => {
    const run = new Run()
    run.firstSegment()
    run.of(2, { kind: 'segment-opened', ...S1, entryCount: 2, cursors: {} })
    const file = saved('all.jsonl', textOf(run.lines))
    const { code, lines } = ran(file)
    expect(lines[0]).to.include(`${file}:${run.lines.length}: node 2`)
    expect(lines.at(-1)).to.match(/^The model does not allow this run, after/)
    expect(code).to.equal(1)
    expect(ran(saved('empty.jsonl', '')).code).to.equal(1)
  })

  it('ends with 2 when a trace cannot be read', () => {
    const opened = '{"node":1,"number":1,"kind":"metadata-restored","version":0}\n'
    for (const [text, reason] of [
      ['{"node":1,"number":1,"kind":"node-op', 'x.jsonl:1: the line is cut off'],
      ['nonsense\n', 'x.jsonl:1: the event is not JSON'],
      ['{"node":1,"number":1,"kind":"toString"}\n', 'x.jsonl:1: the event has no kind that is known'],
      [`${opened}{"node":1,"number":2,"kind":"committed","topic":"a"}\n`, 'x.jsonl:2: the event segment must be'],
      [opened.replace('"version":0', '"version":-1'), 'x.jsonl:1: the event version must be an integer from 0'],
    ] as const) {
      const { code, lines } = ran(saved('x.jsonl', text))
      expect(lines.join()).to.include(reason)
      expect(code).to.equal(2)
    }
    expect(ran(join(folder, 'missing')).lines.join()).to.include('Cannot read trace')
    const twice = [saved('a.jsonl', opened), saved('b.jsonl', opened)]
    expect(ran(...twice).lines.join()).to.include('node 1 is in another trace, too')
  })

  it('explains itself', () => {
    expect(ran('--help')).to.deep.include({ code: 0 })
    expect(ran('--help').lines.join()).to.include('npm run spec:trace')
    expect(ran().code).to.equal(2)
    expect(ran('--nonsense').code).to.equal(2)
  })
})

/** The traces of three nodes, event by event. */
class Run {
  readonly lines: TracedLine[]
  readonly #numbers: Map<number, number>
  readonly #commands: MetadataCommand[]

  constructor(lines: TracedLine[] = [], numbers = new Map<number, number>(), commands: MetadataCommand[] = []) {
    this.lines = lines
    this.#numbers = numbers
    this.#commands = commands
  }

  copy(): Run {
    return new Run([...this.lines], new Map(this.#numbers), [...this.#commands])
  }

  of(node: number, event: ProtocolEvent): void {
    const number = (this.#numbers.get(node) ?? 0) + 1
    this.#numbers.set(node, number)
    this.lines.push({ event: { node, number, ...event }, place: `trace:${this.lines.length + 1}` })
  }

  /** These nodes apply it, who have applied all before it. */
  apply(nodes: readonly number[], command: MetadataCommand): void {
    this.#commands.push(command)
    for (const node of nodes) this.of(node, applied(this.#commands.length, command))
  }

  /** Two entries are acknowledged in a segment that node 1 leads and all have. */
  firstSegment(): void {
    for (const id of [1, 2, 3]) {
      const node = { id, address: `node:${id}`, role: 'voter', draining: false } as const
      this.apply([1, 2, 3], { kind: 'UpsertNode', node })
    }
    for (const node of [1, 2, 3]) this.of(node, { kind: 'node-opened', version: 3 })
    const config = DEFAULT_TOPIC_CONFIG
    this.apply([1, 2, 3], { kind: 'CreateTopic', topic: 'logs', config, leader: 1, replicas: [1, 2, 3] })
    this.of(1, { kind: 'segment-opened', ...S1, entryCount: 0, cursors: {} })
    this.of(1, { kind: 'appended', ...S1, position: 0, entryCount: 2 })
    this.store(2)
  }

  /** What node 1 has appended gets to all disks, and is acknowledged. */
  store(position: number): void {
    const from = position === 2 ? 0 : position - 1
    for (const node of [2, 3]) this.of(node, { kind: 'taken', ...S1, position: from, end: position })
    for (const node of [1, 2, 3]) this.of(node, { kind: 'stored', ...S1, position })
    this.of(1, { kind: 'committed', ...S1, position })
  }

  rollOver(): void {
    const s2 = { topic: 'logs', segment: 2, epoch: 5 }
    this.of(1, { kind: 'seal-proposed', ...S1, by: 'leader', entryCount: 2, controlCount: 0, nextLeader: 2 })
    this.apply([1, 2, 3], sealAndRoll(4, 2))
    this.of(2, { kind: 'segment-opened', ...s2, entryCount: 0, cursors: {} })
    this.of(2, { kind: 'appended', ...s2, position: 0, entryCount: 1 })
    this.of(1, { kind: 'taken', ...s2, position: 0, end: 1 })
    this.of(1, { kind: 'stored', ...s2, position: 1 })
    this.of(2, { kind: 'stored', ...s2, position: 1 })
    this.of(2, { kind: 'committed', ...s2, position: 1 })
  }

  fence(nodes: readonly number[]): void {
    this.apply(nodes, { kind: 'FenceSegment', topic: 'logs', segment: 1, epoch: 4 })
  }

  /** Node 1 is gone, with an entry that nobody else has; node 3 ends its segment. */
  failOver({ appends } = { appends: true }): void {
    if (appends) this.of(1, { kind: 'appended', ...S1, position: 2, entryCount: 1 })
    this.fence([2, 3])
    const counts = { createdEpoch: 4, entryCount: 2, controlCount: 0 }
    for (const node of [2, 3]) this.of(node, { kind: 'fenced', ...S1, epoch: 5, ...counts })
    const reports = [2, 3].map((node) => ({ node, ...counts }))
    this.of(3, { kind: 'recovery-decided', ...S1, epoch: 5, reports, entryCount: 2, controlCount: 0 })
    const end = { entryCount: 2, controlCount: 0, nextLeader: 2 }
    this.of(3, { kind: 'seal-proposed', ...S1, epoch: 5, by: 'recovery', ...end })
    this.apply([2, 3], sealAndRoll(5, 2))
  }

  /** With that copy of segment 1, or with none. */
  startAgain(node: number, copy?: { entryCount: number; controlCount: number; fencedEpoch: number }): void {
    this.#numbers.set(node, 0)
    const version = this.#commands.length
    this.of(node, { kind: 'metadata-restored', version })
    const { topic, segment } = S1
    if (copy !== undefined)
      this.of(node, { kind: 'copy-found', topic, segment, createdEpoch: 4, sealed: false, damaged: false, ...copy })
    this.of(node, { kind: 'node-opened', version })
  }

  linesOf(node: number): TracedLine[] {
    return this.lines.filter(({ event }) => event.node === node)
  }

  fault(): string | undefined {
    return replayTraces([this.lines]).fault?.join('\n')
  }
}

function applied(
  version: number,
  command: MetadataCommand,
  outcome: 'applied' | 'rejected' = 'applied',
): ProtocolEvent {
  return { kind: 'metadata-applied', version, command, outcome }
}

function sealAndRoll(epoch: number, entryCount: number): MetadataCommand {
  const next = { nextLeader: 2, nextReplicas: [2, 3, 1] }
  return { kind: 'SealAndRoll', topic: 'logs', segment: 1, epoch, entryCount, controlCount: 0, ...next }
}

/** As a broker writes it; each line is read back as it was. */
function textOf(lines: readonly TracedLine[]): string {
  for (const { event } of lines) {
    const parsed = parseEvent(JSON.stringify(event)) as { readonly value: TracedEvent }
    expect(parsed.value).to.deep.equal(event)
  }
  return lines.map(({ event }) => `${JSON.stringify(event)}\n`).join('')
}
