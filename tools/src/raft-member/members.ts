import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { MemberOptions, MemberView } from './member-messages.js'
import { MemberProcess } from './member-process.js'

/** The members of one cluster, each a process that keeps its directory and its address. */
export class Members {
  readonly #folder: string
  readonly #bounds: Partial<MemberOptions>
  readonly #running = new Map<number, MemberProcess>()
  readonly #addresses = new Map<number, string>()

  /** @param bounds for all of them */
  constructor(folder: string, bounds: Partial<MemberOptions> = {}) {
    this.#folder = folder
    this.#bounds = bounds
  }

  /** Starts a cluster of these members, the first one first. */
  static async start(folder: string, ids: readonly number[], bounds: Partial<MemberOptions> = {}): Promise<Members> {
    const members = new Members(folder, bounds)
    const [first, ...others] = ids
    try {
      if (first !== undefined) await members.start(first)
      await Promise.all(others.map((id) => members.start(id)))
      return members
    } catch (error) {
      await members.kill()
      throw error
    }
  }

  get ids(): readonly number[] {
    return [...this.#running.keys()].sort((one, other) => one - other)
  }

  get(id: number): MemberProcess {
    const member = this.#running.get(id)
    if (member === undefined) throw new Error(`member ${id} does not run`)
    return member
  }

  /** Starts a member, or starts it again where it was. A new one joins those that were started before. */
  async start(id: number): Promise<MemberProcess> {
    const address = this.#addresses.get(id)
    const member = await MemberProcess.start({
      ...this.#bounds,
      id,
      directory: join(this.#folder, String(id)),
      port: address === undefined ? 0 : Number(address.slice(address.lastIndexOf(':') + 1)),
      join: [...this.#addresses].filter(([other]) => other !== id).map(([, other]) => other),
    })
    this.#running.set(id, member)
    this.#addresses.set(id, member.address)
    return member
  }

  /** Kills one member, or all. */
  async kill(...ids: readonly number[]): Promise<void> {
    await Promise.all((ids.length === 0 ? this.ids : ids).map((id) => this.#forget(id).kill()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.ids.map((id) => this.#forget(id).stop()))
  }

  /** Who leads, as a running member sees it after a read from a majority. */
  async leader(): Promise<number> {
    for (;;) {
      const { leader } = (await this.get(this.ids[0] ?? 0).look()).status
      if (leader !== null && this.#running.has(leader)) return leader
    }
  }

  /** What each holds. */
  look(): Promise<readonly MemberView[]> {
    return Promise.all(this.ids.map((id) => this.get(id).look()))
  }

  /** Ends all, and deletes what they have stored. */
  async dispose(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #forget(id: number): MemberProcess {
    const member = this.get(id)
    this.#running.delete(id)
    return member
  }
}
