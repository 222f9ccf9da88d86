import { temporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { openFdBlockFiles } from './fd-block-files.js'
import { nodeSystemCalls } from './system-calls.js'
import { systemError } from './system-error.js'

describe('fd block file', () => {
  it('believes no durable write before those beside it have returned, and none of them when one fails', async () => {
    const folder = await temporaryFolder()
    const returns: ((writtenBytes: number | Promise<never>) => void)[] = []
    const write = () => new Promise<number>((resolve) => returns.push(resolve))
    const directory = await openFdBlockFiles(folder.path, { systemCalls: { ...nodeSystemCalls, write } })
    const file = await directory.create('a', 100)
    const outcomes = ['pending', 'pending', 'pending']
    const calls = outcomes.map((_, n) =>
      file.write([new Uint8Array(10)], n * 10, true).then(
        () => (outcomes[n] = 'durable'),
        (error: { code: string }) => (outcomes[n] = error.code),
      ),
    )
    returns[0]?.(10)
    returns[1]?.(10)
    await new Promise((resolve) => setImmediate(resolve))
    expect(outcomes).to.deep.equal(['pending', 'pending', 'pending'])
    returns[2]?.(Promise.reject(systemError(5, 'write')))
    await Promise.all(calls)
    expect(outcomes).to.deep.equal(['FILE_FAILED', 'FILE_FAILED', 'FILE_FAILED'])
    await directory.close()
    await folder.remove()
  })
})
