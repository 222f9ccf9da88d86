import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { postGuardian } from './guardian.js'

describe('a guardian', () => {
  const wait = ['-e', 'setInterval(() => undefined, 1000)']

  it('ends what runs when it hears nothing more, and not what has ended before', async () => {
    const [guarded, released] = [1, 2].map(() => spawn(process.execPath, wait, { stdio: 'ignore' }))
    try {
      const guardian = postGuardian()
      for (const { pid } of [guarded!, released!]) guardian.hear(pid ?? 0, true)
      guardian.hear(released?.pid ?? 0, false)
      const ended = once(guarded!, 'exit')
      guardian.dismiss()
      expect(await ended).to.deep.equal([null, 'SIGKILL'])
      expect([released?.exitCode, released?.signalCode]).to.deep.equal([null, null])
    } finally {
      for (const child of [guarded, released]) child?.kill('SIGKILL')
    }
  })
})
