import { FaultyLink } from '@walrus/testing'

/** Which way a node is cut off: others do not hear it, it does not hear others, or both. */
export type CutDirection = 'out' | 'in' | 'both'

interface Link {
  readonly from: number
  readonly to: number
  readonly proxy: FaultyLink
}

/** The network between the nodes: a link for each ordered pair, which can be cut. Whoever dials goes through the link. */
export class NodeLinks {
  readonly #links: Link[] = []

  /** Links between the node and those that are there already, both ways. */
  async add(id: number, address: string, others: ReadonlyMap<number, string>): Promise<void> {
    for (const [other, otherAddress] of others) {
      this.#links.push({ from: id, to: other, proxy: await FaultyLink.open(otherAddress) })
      this.#links.push({ from: other, to: id, proxy: await FaultyLink.open(address) })
    }
  }

  /** Where `from` has to dial to reach each other node. */
  addressesFor(from: number): ReadonlyMap<number, string> {
    return new Map(this.#links.filter((link) => link.from === from).map(({ to, proxy }) => [to, proxy.address]))
  }

  /** Cuts every link of the node. One way: what is sent that way stands still, and nothing is reset. */
  isolate(id: number, direction: CutDirection = 'both'): void {
    for (const { from, to, proxy } of this.#links) {
      if (from !== id && to !== id) continue
      if (direction === 'both') proxy.cut()
      else proxy.block((direction === 'out') === (from === id) ? 'forward' : 'backward')
    }
  }

  /** Slows every link of the node down. */
  slow(id: number, delayMs: number): void {
    for (const { from, to, proxy } of this.#links) if (from === id || to === id) proxy.delay(delayMs)
  }

  heal(): void {
    for (const { proxy } of this.#links) proxy.heal()
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map(({ proxy }) => proxy.close()))
  }
}
