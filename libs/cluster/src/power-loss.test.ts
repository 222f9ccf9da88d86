import { randomBelow, seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { appendRange, getAll, range, text, turns } from './node-harness.test.js'
import { PoweredNode } from './power-harness.test.js'

describe('power loss, over the storage engine', () => {
  for (const seed of range(1, 31)) {
    it(`loses and repeats nothing that was acknowledged (seed ${seed})`, async () => {
      const random = seededRandom(1000 + seed)
      const powered = new PoweredNode(seed)
      const acknowledged: string[] = []
      const delivered: string[] = []
      let next = 0
      await powered.start()
      await powered.node.register('logs')
      for (let life = 0; life < 6; life += 1) {
        for (let step = 0; step < 8; step += 1) {
          const count = randomBelow(random, 9)
          for (const ticket of appendRange(powered.node, 'logs', next, next + count)) {
            const name = `entry-${next++}`
            ticket.onSettled(() => ticket.state === 'committed' && acknowledged.push(name))
          }
          for (let at = randomBelow(random, 5); at > 0; at -= 1) {
            void powered.node.get('logs').then(
              (entry) => entry && delivered.push(text(entry.data) ?? ''),
              () => undefined,
            )
          }
          await turns(randomBelow(random, 6))
        }
        await powered.losePower()
      }
      delivered.push(...(await getAll(powered.node, 'logs')))
      const stored = await powered.stored('logs')
      expect(acknowledged.length).to.be.above(20)
      expect(stored.filter((name) => acknowledged.includes(name))).to.deep.equal(acknowledged)
      expect(new Set(delivered).size).to.equal(delivered.length)
      expect(stored.filter((name) => delivered.includes(name))).to.deep.equal(delivered)
      expect(powered.errors).to.deep.equal([])
      await powered.close()
    })
  }
})
