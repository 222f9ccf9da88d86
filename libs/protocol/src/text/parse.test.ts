import { expect } from 'chai'
import fc from 'fast-check'
import { FrameReader } from '../frame/frame-reader.js'
import { commands } from './commands.js'
import type { TextRequest } from './commands.js'
import type { InvalidRequest } from './error-messages.js'
import { parseTextCommand } from './parse.js'

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))

/** Parses in the middle of other bytes, so that reading past either end shows. */
function parse(body: Uint8Array): TextRequest | InvalidRequest {
  const bytes = Uint8Array.of(0x50, 0x20, ...body, 0x20, 0x78)
  return parseTextCommand(bytes, 2, 2 + body.length)
}

const parseText = (text: string) => parse(bytesOf(text))
const put = (topic: string, payload: string) => ({ command: 'put', topic, payload: bytesOf(payload) })

describe('parseTextCommand', () => {
  const longest = 'a'.repeat(200)
  const accepted: readonly (readonly [string, object])[] = [
    ['REGISTER logs', { command: 'register', topic: 'logs' }],
    ['REGISTER logs and what follows', { command: 'register', topic: 'logs' }],
    ['REGISTER logs\r\n', { command: 'register', topic: 'logs' }],
    ['GET logs', { command: 'get', topic: 'logs' }],
    ['GET logs ', { command: 'get', topic: 'logs' }],
    ['GET logs \t\n', { command: 'get', topic: 'logs' }],
    ['GET logs ignored', { command: 'get', topic: 'logs' }],
    ['STATE logs', { command: 'state', topic: 'logs' }],
    ['STATE logs ignored', { command: 'state', topic: 'logs' }],
    ['STATE logs\v\f', { command: 'state', topic: 'logs' }],
    ['METRICS', { command: 'metrics' }],
    ['METRICS ', { command: 'metrics' }],
    ['METRICS\n', { command: 'metrics' }],
    ['METRICS ignored', { command: 'metrics' }],
    ['PUT logs hello', put('logs', 'hello')],
    ['PUT logs hello world', put('logs', 'hello world')],
    ['PUT logs a\tb\nc\0d', put('logs', 'a\tb\nc\0d')],
    ['PUT logs zażółć 🦭', put('logs', 'zażółć 🦭')],
    ['PUT logs trailing \r\n', put('logs', 'trailing \r\n')],
    ['PUT logs  leading', put('logs', ' leading')],
    ['PUT logs  ', put('logs', ' ')],
    ['PUT logs ', put('logs', '')],
    ['PUT A.b_C-9 x', put('A.b_C-9', 'x')],
    [`GET ${longest}`, { command: 'get', topic: longest }],
    ['PUT REGISTER PUT GET', put('REGISTER', 'PUT GET')],
  ]
  for (const [text, request] of accepted) {
    it(`understands ${JSON.stringify(text).slice(0, 60)}`, () => expect(parseText(text)).to.deep.equal(request))
  }

  const allowed = 'only A-Z a-z 0-9 . _ - are allowed'
  const refused: readonly (readonly [string, string])[] = [
    ['', 'unknown command'],
    [' ', 'unknown command'],
    ['\r\n', 'unknown command'],
    ['HELLO', 'unknown command'],
    ['put logs x', 'unknown command'],
    [' PUT logs x', 'unknown command'],
    ['PUTS logs x', 'unknown command'],
    ['PU', 'unknown command'],
    ['PUT\tlogs x', 'unknown command'],
    ['PUT\nlogs', 'unknown command'],
    ['METRICSX', 'unknown command'],
    ['REGISTERlogs', 'unknown command'],
    ['REGISTER', 'REGISTER requires a topic'],
    ['REGISTER ', 'REGISTER requires a topic'],
    ['REGISTER \n', 'REGISTER requires a topic'],
    ['PUT', 'PUT requires a topic'],
    ['PUT ', 'PUT requires a topic'],
    ['PUT  ', 'PUT requires a topic'],
    ['PUT\n\n', 'PUT requires a topic'],
    ['PUT logs', 'PUT requires a payload'],
    ['PUT logs\n', 'PUT requires a payload'],
    ['PUT no/pe', 'PUT requires a payload'],
    ['GET', 'GET requires a topic'],
    ['GET  ', 'GET requires a topic'],
    ['STATE', 'STATE requires a topic'],
    ['STATE\r\n', 'STATE requires a topic'],
    ['REGISTER  logs', 'invalid topic: "": the name is empty'],
    ['PUT  x', 'invalid topic: "": the name is empty'],
    ['GET .', 'invalid topic: ".": the name is reserved'],
    ['GET .. ignored', 'invalid topic: "..": the name is reserved'],
    ['PUT a/b x', `invalid topic: "a/b": ${allowed}`],
    ['REGISTER a"\n\\b', `invalid topic: "a\\"\\n\\\\b": ${allowed}`],
    ['STATE tęmat', `invalid topic: "tęmat": ${allowed}`],
    [`GET ${longest}b`, `invalid topic: "${longest}b": the name is longer than 200 bytes`],
    [`GET ${longest}${longest}`, `invalid topic: "${longest}a…": the name is longer than 200 bytes`],
    [`GET ${longest}🦭🦭`, `invalid topic: "${longest}🦭…": the name is longer than 200 bytes`],
    [`GET ${'ż'.repeat(150)}`, `invalid topic: "${'ż'.repeat(101)}…": ${allowed}`],
  ]
  for (const [text, message] of refused) {
    it(`answers ${JSON.stringify(text).slice(0, 60)} with ${message.slice(0, 60)}`, () => {
      expect(parseText(text)).to.include({ command: 'invalid', message })
    })
  }

  const bytes: readonly (readonly [string, Uint8Array, object])[] = [
    [
      'a payload that is no UTF-8',
      Uint8Array.of(...bytesOf('PUT t '), 0xff, 0x00, 0xc0),
      {
        command: 'put',
        topic: 't',
        payload: Uint8Array.of(0xff, 0x00, 0xc0),
      },
    ],
    [
      'a topic that is no UTF-8',
      Uint8Array.of(...bytesOf('GET t'), 0xff),
      {
        command: 'invalid',
        fault: 'invalid-utf8',
        message: 'invalid utf-8',
      },
    ],
    ['ignored text that is no UTF-8', Uint8Array.of(...bytesOf('GET t '), 0xff), { command: 'get', topic: 't' }],
    [
      'the first byte of a binary command',
      Uint8Array.of(0x80, 0x20, 0x74),
      {
        command: 'invalid',
        fault: 'unknown-command',
        message: 'unknown command',
      },
    ],
  ]
  for (const [name, body, expected] of bytes) {
    it(`knows ${name}`, () => expect(parse(body)).to.deep.equal(expected))
  }

  it('gives the payload as a view of the frame', () => {
    const body = bytesOf('PUT logs hello')
    const request = parseTextCommand(body, 0, body.length)
    expect(request.command === 'put' && request.payload.buffer === body.buffer).to.equal(true)
  })

  it('keeps apart the topics whose spelling is close, however often they come', () => {
    const topics = Array.from({ length: 20_000 }, (_, i) => `topic-${i}`)
    for (let round = 0; round < 2; round++) {
      for (const topic of topics) expect(parseText(`GET ${topic}`)).to.deep.equal({ command: 'get', topic })
    }
  })

  it('says the same about a name after it was seen inside another', () => {
    expect(parseText('GET abc')).to.deep.equal({ command: 'get', topic: 'abc' })
    expect(parseText('GET ab')).to.deep.equal({ command: 'get', topic: 'ab' })
    expect(parseText('GET abc/')).to.include({ fault: 'invalid-topic' })
    expect(parseText('GET abc/')).to.include({ fault: 'invalid-topic' })
  })

  it('never throws, whatever the bytes', () => {
    const verbs = Object.values(commands).map((command) => bytesOf(command.verb))
    const anyBody = fc
      .tuple(fc.constantFrom(new Uint8Array(0), ...verbs), fc.uint8Array({ maxLength: 20 }))
      .map(([verb, rest]) => Uint8Array.of(...verb, ...rest))
    fc.assert(
      fc.property(anyBody, (body) => {
        const request = parse(body)
        if (request.command === 'invalid') expect(request.message).to.match(/^(unknown|invalid|[A-Z]+ requires) /)
        else expect(Object.keys(commands)).to.include(request.command)
      }),
      { numRuns: 2000 },
    )
  })
})

const topicUnit = fc.constantFrom(...'ABCXYZabcxyz0189._-')
const anyTopic = fc
  .string({ unit: topicUnit, minLength: 1, maxLength: 200 })
  .filter((topic) => topic !== '.' && topic !== '..')
const anyRequest: fc.Arbitrary<TextRequest> = fc.oneof(
  fc.record({ command: fc.constant('put' as const), topic: anyTopic, payload: fc.uint8Array() }),
  fc.record({ command: fc.constant('get' as const), topic: anyTopic }),
  fc.record({ command: fc.constant('register' as const), topic: anyTopic }),
  fc.record({ command: fc.constant('state' as const), topic: anyTopic }),
  fc.constant({ command: 'metrics' as const }),
)

function requestFrame(request: TextRequest): Uint8Array {
  switch (request.command) {
    case 'put':
      return commands.put.requestFrame(request)
    case 'get':
      return commands.get.requestFrame(request)
    case 'register':
      return commands.register.requestFrame(request)
    case 'state':
      return commands.state.requestFrame(request)
    case 'metrics':
      return commands.metrics.requestFrame(request)
  }
}

describe('requests', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.array(anyRequest), (requests) => {
        const reader = new FrameReader({ maxFrameBytes: 1 << 16 })
        reader.push(Buffer.concat(requests.map(requestFrame)))
        const parsed: object[] = []
        while (reader.next()) parsed.push(parseTextCommand(reader.bytes, reader.start, reader.end))
        expect(parsed).to.deep.equal(requests)
      }),
    )
  })

  it('are not written for a topic that would be read as something else', () => {
    for (const topic of ['', 'a b', 'a\n', '..', 'ż', 'a'.repeat(201)]) {
      const payload = new Uint8Array(0)
      expect(() => requestFrame({ command: 'put', topic, payload }))
        .to.throw(`Cannot encode topic ${JSON.stringify(topic)}: `)
        .with.property('code', 'INVALID_TOPIC')
      for (const command of ['get', 'register', 'state'] as const) {
        expect(() => requestFrame({ command, topic })).to.throw('Cannot encode topic')
      }
    }
  })
})
