import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { ClientError } from '@walrus/client'
import { expect } from 'chai'
import { runShell, type LineSender } from './shell.js'

const UP = '\u001b[A'
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const ESCAPE = '\u001b['

/** A person at a terminal: types keys once the shell has shown a text. */
class Person {
  readonly input = new PassThrough()
  readonly output = new PassThrough({ encoding: 'utf8' })
  readonly errors = new PassThrough({ encoding: 'utf8' })
  seen = ''
  #unread = 0
  #arrived: () => void = () => undefined

  constructor() {
    this.output.on('data', (text: string) => {
      this.seen += text
      this.#arrived()
    })
  }

  async sees(text: string): Promise<void> {
    let at = this.seen.indexOf(text, this.#unread)
    while (at === -1) {
      await new Promise<void>((resolve) => (this.#arrived = resolve))
      at = this.seen.indexOf(text, this.#unread)
    }
    this.#unread = at + text.length
  }

  types(keys: string): void {
    this.input.write(keys)
  }

  shell(send: (line: string) => string | Promise<string>, colors = false): Promise<0 | 1> {
    const sender: LineSender = { raw: async (line) => Buffer.from(await send(Buffer.from(line).toString())) }
    const { input, output, errors } = this
    return runShell(sender, 'localhost:8080', { input, output, errors, terminal: true, colors })
  }
}

describe('the shell on a terminal', () => {
  it('shows a banner and a prompt, and a prompt after each reply', async () => {
    const person = new Person()
    const shell = person.shell(() => 'OK')
    await person.sees('localhost:8080: type commands')
    await person.sees('🦭 > ')
    person.types('register logs\r')
    await person.sees('OK\n')
    await person.sees('🦭 > ')
    person.types('exit\r')
    expect(await shell).to.equal(0)
  })

  it('remembers what was typed', async () => {
    const person = new Person()
    const sent: string[] = []
    const shell = person.shell((line) => {
      sent.push(line)
      return 'OK'
    })
    for (const keys of ['put logs a\r', 'put logs b\r', `${UP}${UP}\r`]) {
      await person.sees('🦭 > ')
      person.types(keys)
      await person.sees('OK\n')
    }
    person.types('q\r')
    await shell
    expect(sent).to.deep.equal(['PUT logs a', 'PUT logs b', 'PUT logs a'])
  })

  it('carries out every line that was typed ahead, in order', async () => {
    const person = new Person()
    const sent: string[] = []
    const shell = person.shell(async (line) => {
      await new Promise((resolve) => setImmediate(resolve))
      sent.push(line)
      return 'OK'
    })
    person.types(`put logs a\rput logs b\rput logs c\r${CTRL_D}`)
    expect(await shell).to.equal(0)
    expect(sent).to.deep.equal(['PUT logs a', 'PUT logs b', 'PUT logs c'])
  })

  it('goes on after a failure, which is told on standard error', async () => {
    const person = new Person()
    let lost = true
    const shell = person.shell(() => {
      if (!lost) return 'OK'
      lost = false
      throw new ClientError('CONNECTION_LOST', 'Cannot read the reply of "localhost:8080": connection closed')
    })
    await person.sees('🦭 > ')
    person.types('put logs a\r')
    await person.sees('🦭 > ')
    person.types('put logs a\r')
    await person.sees('OK\n')
    person.types('quit\r')
    expect(await shell).to.equal(0)
    expect(person.errors.read()).to.equal('Error: Cannot read the reply of "localhost:8080": connection closed\n')
  })

  it('leaves on Ctrl+D', async () => {
    const person = new Person()
    const shell = person.shell(() => 'OK')
    await person.sees('🦭 > ')
    person.types(CTRL_D)
    expect(await shell).to.equal(0)
    expect(person.seen.endsWith('\n')).to.equal(true)
  })

  it('leaves on Ctrl+C, even while a command waits for its reply', async () => {
    const person = new Person()
    let asked: () => void = () => undefined
    const waiting = new Promise<void>((resolve) => (asked = resolve))
    const shell = person.shell(() => {
      asked()
      return new Promise(() => undefined)
    })
    await person.sees('🦭 > ')
    person.types('get logs\r')
    await waiting
    person.types(CTRL_C)
    expect(await shell).to.equal(0)
  })

  it('paints only where colours are wanted', async () => {
    const replies = { plain: '', painted: '' }
    for (const colors of [false, true]) {
      const person = new Person()
      const shell = person.shell(() => 'ERR unknown command', colors)
      await person.sees('🦭 > ')
      person.types('GARBAGE\r')
      await person.sees('ERR unknown command')
      await person.sees('🦭 > ')
      person.types('exit\r')
      await shell
      replies[colors ? 'painted' : 'plain'] = person.seen
    }
    expect(replies.painted).to.include(`${ESCAPE}31mERR unknown command${ESCAPE}39m`)
    expect(replies.plain)
      .to.include('\nERR unknown command\n')
      .and.not.match(/\[3\dm/)
    expect(stripVTControlCharacters(replies.painted)).to.equal(stripVTControlCharacters(replies.plain))
  })
})
