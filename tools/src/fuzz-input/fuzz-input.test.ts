import { expect } from 'chai'
import { checkInput } from './check-input.js'
import { hexOf, readCorpus } from './corpus.js'
import { fuzzInput } from './fuzz-input.js'
import type { OpenTarget } from './fuzz-target.js'
import { targets } from './targets.js'

const SEED = 20_261

for (const { name, testInputs, open } of targets) {
  describe(`hostile input: ${name}`, function () {
    this.timeout(60_000)
    let target: OpenTarget

    before(async () => void (target = await open()))
    after(() => target.close())

    it('keeps every promise over the corpus', async () => {
      const corpus = await readCorpus(name)
      expect(corpus).to.not.deep.equal([])
      for (const input of corpus) expect(await checkInput(target, input.bytes), input.name).to.equal(undefined)
    })

    it(`keeps every promise over ${testInputs} inputs`, async () => {
      const corpus = (await readCorpus(name)).map(({ bytes }) => bytes)
      for (let number = 0; number < testInputs; number += 1) {
        const input = fuzzInput(target, corpus, SEED, number)
        const broken = await checkInput(target, input)
        expect(broken, `seed ${SEED}, input ${number}: ${hexOf(input)}`).to.equal(undefined)
      }
    })
  })
}
