import { seededRandom } from '@walrus/testing'
import type { AttackedNode } from './attack.js'
import { attacks } from './attacks.js'

/** What the process is told, as JSON in its argument. */
export interface AttackOrder {
  readonly attack: string
  readonly node: AttackedNode
  readonly seed: number
  readonly pauseMs: number
}

/** What it says. */
export type AttackReport =
  { readonly kind: 'begun' } | { readonly kind: 'round' } | { readonly kind: 'failed'; readonly reason: string }

const { attack: name, node, seed, pauseMs } = JSON.parse(process.argv[2] ?? '') as AttackOrder
const report = (words: AttackReport) => void process.send?.(words)

// Whoever has started it ends it, or is gone.
process.on('disconnect', () => process.exit())
try {
  const attack = await attacks.find((one) => one.name === name)?.open(node, seededRandom(seed))
  report({ kind: 'begun' })
  for (;;) {
    await attack?.round()
    report({ kind: 'round' })
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
} catch (error) {
  report({ kind: 'failed', reason: String(error) })
}
