import { expect } from 'chai'
import { meaningfulLines, sameMeaning } from './compare.js'
import { parseScenario, rewriteScenario } from './data-driven.js'
import { runScenario } from './run-scenario.js'
import { encodeText, quoteBytes } from './text.js'

const file = `# A comment.
first 1 key=value list=(1, 2,(3,4)) empty=()
some input
more input
----
out 1
out 2

# Another.
second \\
  continued
----
----
with an

empty line
----
----

third
----
`

describe('scenario file', () => {
  it('is read as commands with arguments, input and expected output', () => {
    const { directives } = parseScenario(file)
    expect(directives.map(({ command, line }) => [command, line])).to.deep.equal([
      ['first', 2],
      ['second', 10],
      ['third', 20],
    ])
    expect(directives[0]!.args).to.deep.equal([
      { key: '1', values: [] },
      { key: 'key', values: ['value'] },
      { key: 'list', values: ['1', '2', '(3,4)'] },
      { key: 'empty', values: [] },
    ])
    expect(directives[0]!.input).to.equal('some input\nmore input')
    expect(directives[0]!.expected).to.equal('out 1\nout 2')
    expect(directives[1]!.args).to.deep.equal([{ key: 'continued', values: [] }])
    expect(directives[1]!.expected).to.equal('with an\n\nempty line')
    expect(directives[2]!.expected).to.equal('')
  })

  it('is written again with other outputs, and otherwise the same', () => {
    const parsed = parseScenario(file)
    expect(
      rewriteScenario(
        parsed,
        parsed.directives.map(({ expected }) => expected),
      ),
    ).to.equal(file)
    const again = parseScenario(rewriteScenario(parsed, ['a', 'b\n\nc', 'd']))
    expect(again.directives.map(({ expected }) => expected)).to.deep.equal(['a', 'b\n\nc', 'd'])
  })

  it('cannot be read without the mark after a command', () => {
    expect(() => parseScenario('campaign 1\nok\n')).to.throw(/line 1/)
  })
})

describe('comparison of outputs', () => {
  it('leaves out prose, but no decision', () => {
    const output =
      'INFO 1 is starting a new election at term 0\n  INFO 1 became candidate at term 1\nDEBUG anything\nok'
    expect(meaningfulLines(output)).to.deep.equal(['  INFO 1 became candidate at term 1', 'ok'])
    expect(meaningfulLines('ok\n')).to.deep.equal([])
    expect(sameMeaning('INFO whatever was logged', 'ok')).to.equal(true)
  })

  it('sees every difference that matters', () => {
    const message = '1->2 MsgApp Term:1 Log:1/10 Commit:10 Entries:[1/11 EntryNormal ""]'
    const others = [
      message.replace('Term:1', 'Term:2'),
      message.replace('Log:1/10', 'Log:1/9'),
      message.replace('Commit:10', 'Commit:9'),
      message.replace('1->2', '1->3'),
      message.replace('""', '"x"'),
      message.replace(' Entries:[1/11 EntryNormal ""]', ''),
      `${message}\n${message}`,
      '',
    ]
    for (const other of others) expect(sameMeaning(message, other), other).to.equal(false)
    expect(sameMeaning('INFO 1 became leader at term 1', 'ok')).to.equal(false)
    expect(sameMeaning('a\nb', 'b\na')).to.equal(false)
  })
})

describe('run of a scenario', () => {
  const scenario = `add-nodes 1 voters=(1) index=3
----
INFO 1 switched to configuration voters=(1)
INFO 1 became follower at term 0

campaign 1
----
INFO 1 became candidate at term 1

stabilize
----
> 1 handling Ready
  Ready MustSync=true:
  Lead:0 State:StateCandidate
  HardState Term:1 Vote:1 Commit:3
  INFO 1 became leader at term 1
> 1 handling Ready
  Ready MustSync=true:
  Lead:1 State:StateLeader
  Entries:
  1/4 EntryNormal ""
> 1 handling Ready
  Ready MustSync=false:
  HardState Term:1 Vote:1 Commit:4
  CommittedEntries:
  1/4 EntryNormal ""
`

  it('passes when everything is as expected, and fails for every line that is changed', () => {
    expect(runScenario(scenario).mismatches).to.deep.equal([])
    const lines = scenario.split('\n')
    lines.forEach((line, at) => {
      if (!/Term|State|Entry|voters=|Ready/.test(line) || line.startsWith('add-nodes')) return
      const changed = lines.with(at, line.replace(/\d/, (digit) => String(Number(digit) + 5)).replace('Ready', 'Raedy'))
      expect(runScenario(changed.join('\n')).mismatches.length, line).to.equal(1)
    })
  })

  it('tells the families apart by their first command', () => {
    expect(runScenario('vote cfg=(1) votes=(y)\n----\nVoteWon\n').mismatches).to.deep.equal([])
    expect(runScenario('simple\nv1\n----\nvoters=(1)\n1: StateProbe match=0 next=1\n').mismatches).to.deep.equal([])
    expect(runScenario('vote cfg=(1) votes=(y)\n----\nVoteLost\n').mismatches.length).to.equal(1)
  })

  it('shows a failure where it happens, and goes on', () => {
    const { mismatches } = runScenario('campaign 7\n----\nok\n\nnonsense\n----\nunknown command\n')
    expect(mismatches.map(({ line, actual }) => [line, actual])).to.deep.equal([[1, 'FAILED there is no node 7']])
  })

  it('takes every kind of payload', () => {
    expect(quoteBytes(encodeText('plain'))).to.equal('"plain"')
    expect(quoteBytes(encodeText('q"\\ü€😀'))).to.equal('"q\\"\\\\ü€😀"')
    expect(quoteBytes(Uint8Array.of(0, 10, 255))).to.equal('"\\x00\\n\\xff"')
  })
})
