import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { openRing } from './testing/open-ring.js'
import { runProgram } from './testing/run-program.js'

/** What a thread may leave under way when it ends: nothing hangs, nothing is touched that is gone. */
if (openRing !== undefined) {
  describe('the end of a ring', () => {
    let folder: TemporaryFolder
    beforeEach(async () => (folder = await temporaryFolder()))
    afterEach(() => folder.remove())

    const processes = [
      { what: 'does not keep a process alive that has nothing under way', way: 'idle', code: 0, output: '' },
      { what: 'waits for a process that has something under way', way: 'all done', code: 0, output: '900 of 900' },
      { what: 'comes with an exit in the middle of everything', way: 'exit under way', code: 3, output: '' },
      { what: 'comes with an exit before anything is handed over', way: 'exit at once', code: 3, output: '' },
      { what: 'comes with an exit inside of the answer to a call', way: 'exit in an answer', code: 3, output: '' },
    ]
    for (const { what, way, code, output } of processes) {
      it(what, async () => {
        expect(await runProgram('ending-program', folder.path, way)).to.deep.equal({ code, output, errors: '' })
      })
    }

    it('comes with an error that nobody catches, in the answer to a call', async () => {
      const { code, errors } = await runProgram('ending-program', folder.path, 'throw in an answer')
      expect(code).to.equal(1)
      expect(errors).to.contain('Error: uncaught')
    })

    const threads = [
      { what: 'a thread that is ended in the middle of everything', way: 'terminate' },
      { what: 'a thread that exits in the middle of everything', way: 'exit' },
      { what: 'a thread that has done everything', way: 'finish' },
    ]
    for (const { what, way } of threads) {
      it(`comes with the end of ${what}, and leaves other threads their own`, async () => {
        const ended = await runProgram('workers-program', folder.path, way)
        expect(ended).to.deep.equal({ code: 0, output: '1 2 3 4 ', errors: '' })
      })
    }
  })
}
