import { until } from '../cluster-test/until.js'
import { takeOne } from './clients/taker.js'
import type { World } from './inject.js'
import type { Recorder } from './recorder.js'

/** Takes at a topic's shared cursor, through all nodes at once, until each says that there is nothing; rejects after a while. */
export async function takeRest(topic: string, { cluster, seats }: World, recorder: Recorder): Promise<void> {
  await Promise.all(
    seats.map(({ id }) => until(`nothing is left at the cursor of "${topic}"`, () => takeAll(id), TAKE_TIMEOUT_MS)),
  )

  async function takeAll(id: number): Promise<boolean> {
    return await cluster.ask(id, async (client) => {
      const takeUntilEmpty = async () => {
        for (;;) {
          const outcome = await takeOne(client, { topic, recorder })
          if (outcome !== 'delivered') return outcome === 'empty'
        }
      }
      const ends = await Promise.all(Array.from({ length: AT_ONCE }, takeUntilEmpty))
      return ends.every((empty) => empty)
    })
  }
}

const AT_ONCE = 16
const TAKE_TIMEOUT_MS = 120_000
