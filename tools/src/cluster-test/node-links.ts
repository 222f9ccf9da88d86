import { FaultyLink } from '@walrus/testing'

/** Which way a node is cut off: others do not hear it, it does not hear others, or both. */
export type CutDirection = 'out' | 'in' | 'both'

/** Connections between two nodes are reset and refused; or what one says to the other stands still; or comes later. */
export type LinkFault =
  | { readonly kind: 'cut'; readonly between: readonly [number, number] }
  | { readonly kind: 'silent'; readonly from: number; readonly to: number }
  | { readonly kind: 'slow'; readonly between: readonly [number, number]; readonly delayMs: number }

interface Link {
  readonly from: number
  readonly to: number
  readonly proxy: FaultyLink
}

/** The network between the nodes: a link for each ordered pair, which can be cut. Whoever dials goes through the link. */
export class NodeLinks {
  readonly #links: Link[] = []
  readonly #faults = new Set<LinkFault>()

  /** Links between each two of these nodes, both ways, wherever they will be. */
  async open(ids: readonly number[]): Promise<void> {
    const pairs = ids.flatMap((from) => ids.filter((to) => to !== from).map((to) => [from, to] as const))
    for (const [from, to] of pairs) this.#links.push({ from, to, proxy: await FaultyLink.open(NOWHERE) })
  }

  /** Where the node listens. */
  place(id: number, address: string): void {
    for (const { to, proxy } of this.#links) if (to === id) proxy.retarget(address)
  }

  /** Where `from` has to dial to reach each other node. */
  addressesFor(from: number): ReadonlyMap<number, string> {
    return new Map(this.#links.filter((link) => link.from === from).map(({ to, proxy }) => [to, proxy.address]))
  }

  /** Begins faults beside those that are there; the result ends these and no others. */
  disturb(faults: readonly LinkFault[]): () => void {
    for (const fault of faults) this.#faults.add(fault)
    this.#apply()
    return () => {
      for (const fault of faults) this.#faults.delete(fault)
      this.#apply()
    }
  }

  /** Cuts every link of the node. One way: what is sent that way stands still, and nothing is reset. */
  isolate(id: number, direction: CutDirection = 'both'): void {
    this.disturb(
      this.#others(id).map((other): LinkFault => {
        if (direction === 'both') return { kind: 'cut', between: [id, other] }
        return direction === 'out' ? { kind: 'silent', from: id, to: other } : { kind: 'silent', from: other, to: id }
      }),
    )
  }

  /** Slows every link of the node down. */
  slow(id: number, delayMs: number): void {
    this.disturb(this.#others(id).map((other) => ({ kind: 'slow', between: [id, other], delayMs })))
  }

  /** Ends all faults. */
  heal(): void {
    this.#faults.clear()
    this.#apply()
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map(({ proxy }) => proxy.close()))
  }

  #others(id: number): number[] {
    return this.#links.filter(({ from }) => from === id).map(({ to }) => to)
  }

  #apply(): void {
    for (const { from, to, proxy } of this.#links) {
      proxy.heal()
      for (const fault of this.#faults) disturb(proxy, from, to, fault)
    }
  }
}

/** Nobody listens there. */
const NOWHERE = '127.0.0.1:1'

function disturb(proxy: FaultyLink, from: number, to: number, fault: LinkFault): void {
  if (fault.kind === 'silent') {
    if (fault.from === from && fault.to === to) proxy.block('forward')
    if (fault.from === to && fault.to === from) proxy.block('backward')
    return
  }
  if (!fault.between.includes(from) || !fault.between.includes(to)) return
  if (fault.kind === 'cut') proxy.cut()
  else proxy.delay(fault.delayMs)
}
