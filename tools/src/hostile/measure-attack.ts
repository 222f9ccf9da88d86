import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { putRequest, PUT_ANSWER } from '../bench/broker-servers.js'
import { run } from '../bench/load.js'
import type { Attack } from './attack.js'
import { TestNode } from './attacked-node.js'
import type { AttackOrder, AttackReport } from './attacker.js'

/** How others fared while a node was attacked. */
export interface AttackMeasure {
  readonly attack: Attack
  /** Medians over the runs, in microseconds. */
  readonly quietP99: number
  readonly attackedP99: number
  readonly ratio: number
  /** The most that was seen while the attack went on. */
  readonly residentBytes: number
  readonly rounds: number
  /** Why the attack or the node is at fault; undefined: neither. */
  readonly failure: string | undefined
}

export interface MeasureOptions {
  /** Pairs of runs, one without and one with the attack. */
  readonly runs: number
  /** Requests of a run. */
  readonly requests: number
  readonly seed: number
}

/** Lets others work, without the attack and under it, in turns, so that a drift of the machine meets both. */
export async function measureAttack(attack: Attack, options: MeasureOptions): Promise<AttackMeasure> {
  const node = await TestNode.start(attack.flags)
  const quiet: number[] = []
  const attacked: number[] = []
  const seen = { rounds: 0, residentBytes: 0, failure: undefined as string | undefined }
  try {
    await p99Of(node, options.requests)
    for (let nth = 0; nth < options.runs && seen.failure === undefined; nth += 1) {
      quiet.push(await p99Of(node, options.requests))
      const attacker = await Attacker.start(attack, node, options.seed)
      attacked.push(await p99Of(node, options.requests))
      seen.residentBytes = Math.max(seen.residentBytes, node.residentBytes)
      seen.rounds += attacker.rounds
      seen.failure ??= attacker.failure
      await attacker.stop()
    }
    await node.serve()
  } catch (error) {
    seen.failure ??= String(error)
  } finally {
    await node.remove()
  }
  const [quietP99, attackedP99] = [medianOf(quiet), medianOf(attacked)]
  return { attack, quietP99, attackedP99, ratio: attackedP99 / quietP99, ...seen }
}

/** Eight well-behaved clients, four requests of each under way: busy, with room to spare. */
async function p99Of({ clientPort }: TestNode, count: number): Promise<number> {
  const request = putRequest(100)
  const load = { port: clientPort, connections: 8, inFlight: 4, count, request: () => request, answer: PUT_ANSWER }
  return (await run(load)).latency?.p99 ?? NaN
}

function addressOf({ clientPort, peerPort, topic }: TestNode): AttackOrder['node'] {
  return { clientPort, peerPort, topic }
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? NaN
}

/** The attack, in a process of its own. */
class Attacker {
  rounds = 0
  failure: string | undefined
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (report: AttackReport) => {
      if (report.kind === 'round') this.rounds += 1
      if (report.kind === 'failed') this.failure = report.reason
    })
  }

  /** Resolves once the attack has begun, or failed. */
  static async start({ name, pauseMs = 100 }: Attack, node: TestNode, seed: number): Promise<Attacker> {
    const order: AttackOrder = { attack: name, node: addressOf(node), seed, pauseMs }
    const child = fork(fileURLToPath(new URL('attacker.js', import.meta.url)), [JSON.stringify(order)])
    const attacker = new Attacker(child)
    await Promise.race([once(child, 'message'), once(child, 'exit')])
    return attacker
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}
