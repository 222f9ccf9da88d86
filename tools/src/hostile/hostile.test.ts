import { expect } from 'chai'
import { seededRandom } from '@walrus/testing'
import { TestNode } from './attacked-node.js'
import { attacks } from './attacks.js'
import type { OpenAttack } from './attack.js'

describe('a node that is attacked', function () {
  this.timeout(120_000)
  let node: TestNode
  let attack: OpenAttack | undefined

  afterEach(async () => {
    await attack?.close().catch(() => undefined)
    attack = undefined
    await node.remove()
  })

  for (const { name, about, flags, testRounds, residentBytesMax, open } of attacks) {
    it(`serves others in bounded memory: ${about} (${name})`, async () => {
      node = await TestNode.start(flags)
      await node.serve()
      const before = node.residentBytes
      attack = await open(node, seededRandom(20_262))
      for (let round = 0; round < testRounds; round += 1) {
        await attack.round()
        await node.serve()
        expect(node.residentBytes - before, 'bytes of memory more than before').to.be.below(residentBytesMax)
      }
      await attack.close()
      attack = undefined
      await node.serve()
      expect(node.running).to.equal(true)
    })
  }
})
