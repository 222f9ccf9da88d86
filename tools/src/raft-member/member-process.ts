import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Load, LoadReport, MemberAnswer, MemberOptions, MemberRequest, MemberView } from './member-messages.js'

const MEMBER = fileURLToPath(new URL('member.js', import.meta.url))

type Question = MemberRequest extends infer One ? (One extends MemberRequest ? Omit<One, 'id'> : never) : never

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** A member of a Raft cluster in a process of its own. */
export class MemberProcess {
  /** host:port of its peer listener. */
  readonly address: string
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  private constructor(child: ChildProcess, address: string) {
    this.#child = child
    this.address = address
    child.on('message', (answer: MemberAnswer) => this.#receive(answer))
    child.on('exit', (code, signal) => this.#end(`the member has ended: ${signal ?? code}`))
  }

  /** Resolves once the member is a voter; rejects when its process ends before. */
  static async start(options: MemberOptions): Promise<MemberProcess> {
    const child = fork(MEMBER, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`Cannot start member ${options.id}: its process ended with ${String(code)}`)
    })
    const [ready] = (await Promise.race([once(child, 'message'), ended])) as [{ readonly ready: string }]
    ended.catch(() => undefined)
    return new MemberProcess(child, ready.ready)
  }

  propose(load: Load): Promise<LoadReport> {
    return this.#ask({ do: 'propose', load }) as Promise<LoadReport>
  }

  /** What it holds, after a read from a majority. */
  look(): Promise<MemberView> {
    return this.#ask({ do: 'look' }) as Promise<MemberView>
  }

  /** Ends it in an orderly way. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return
    const exited = once(this.#child, 'exit')
    await this.#ask({ do: 'stop' })
    await exited
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.#hasEnded) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  #ask(question: Question): Promise<unknown> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) return reject(new Error('the member has ended'))
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ ...question, id })
    })
  }

  #receive(answer: MemberAnswer): void {
    if ('ready' in answer) return
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('error' in answer) waiting?.reject(new Error(answer.error))
    else waiting?.resolve(answer.value)
  }

  #end(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason))
    this.#waiting.clear()
  }
}
