import { WalrusError } from '@walrus/core'
import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { lockDirectory } from './directory-lock.js'
import { openFdBlockFiles } from './fd-block-files.js'
import { ownIdentity } from './process-identity.js'

const moduleUrl = new URL('./fd-block-files.js', import.meta.url).href
const shortTiming = { heartbeatMs: 10, silenceMs: 100, claimTimeoutMs: 100 }

describe('directory lock', () => {
  let folder: TemporaryFolder
  let path: string
  const children = new Set<Opener>()

  beforeEach(async () => {
    folder = await temporaryFolder()
    path = join(folder.path, 'data')
    await mkdir(path)
  })
  afterEach(async () => {
    for (const child of children) await child.kill()
    children.clear()
    await folder.remove()
  })

  const start = (): Opener => {
    const child = new Opener(spawn(process.execPath, ['--input-type=module', '-e', openerSource(path)]))
    children.add(child)
    return child
  }
  const leaveStaleLock = async (): Promise<string> => {
    const child = start()
    expect(await child.open()).to.match(/^OPENED/)
    await child.kill()
    return readFile(join(path, 'owner.lock'), 'utf8')
  }

  describe('in one process', () => {
    it('names the process that has the directory', async () => {
      const directory = await openFdBlockFiles(path)
      await expectLocked(path, `process ${process.pid}`)
      await directory.close()
    })

    it('knows the directory by any of its names', async () => {
      const directory = await openFdBlockFiles(path)
      await symlink(path, join(folder.path, 'link'))
      for (const other of [`${path}/`, `${path}/../data/.`, relative('.', path), join(folder.path, 'link')]) {
        await expectLocked(other, `process ${process.pid}`)
      }
      await directory.close()
    })

    it('knows an owner of another copy of the module, and of another thread', async () => {
      const copy = (await import(`${moduleUrl}?copy`)) as { readonly openFdBlockFiles: typeof openFdBlockFiles }
      expect(copy.openFdBlockFiles).not.to.equal(openFdBlockFiles)
      const directory = await copy.openFdBlockFiles(path)
      await expectLocked(path, `process ${process.pid}`)
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(workerSource(path))}`))
      expect((await once(worker, 'message'))[0]).to.match(/^DIRECTORY_LOCKED/)
      await worker.terminate()
      await directory.close()
    })

    it('leaves no trace once it is given back', async () => {
      const directory = await openFdBlockFiles(path)
      expect(await readdir(path)).to.deep.equal(['owner.lock'])
      await directory.close()
      expect(await readdir(path)).to.deep.equal([])
    })

    it('does not give back what somebody else has taken', async () => {
      const directory = await openFdBlockFiles(path)
      await writeFile(join(path, 'owner.lock'), JSON.stringify({ ...(await ownIdentity()), token: 'another' }))
      await directory.close()
      expect(await readdir(path)).to.deep.equal(['owner.lock'])
    })
  })

  describe('between processes', () => {
    it('refuses a second process while the first lives, also while it stands still', async () => {
      const first = start()
      expect(await first.open()).to.equal('OPENED')
      expect(await start().open()).to.contain(
        `DIRECTORY_LOCKED Cannot open "${path}": directory is locked by process ${first.pid}`,
      )
      first.signal('SIGSTOP')
      await expectLocked(path, `process ${first.pid}`)
    })

    it('dies with its process, however it dies', async () => {
      for (let round = 0; round < 2; round += 1) await leaveStaleLock()
      const directory = await openFdBlockFiles(path)
      await expectLocked(path, `process ${process.pid}`)
      await directory.close()
    })

    it('gives a stale lock to one of ten that start at once', async () => {
      await leaveStaleLock()
      const starters = Array.from({ length: 10 }, start)
      await Promise.all(starters.map((starter) => starter.ready()))
      const answers = await Promise.all(starters.map((starter) => starter.open()))
      const winners = starters.filter((_, index) => answers[index] === 'OPENED')
      expect(winners).to.have.length(1)
      const losers = answers.filter((answer) => answer !== 'OPENED')
      for (const answer of losers) expect(answer).to.contain(`directory is locked by process ${winners[0]!.pid}`)
      expect((await readdir(path)).sort()).to.deep.equal(['owner.lock'])
    })

    it('gives a stale lock to one of many that come at once, time and again', async () => {
      const stale = await leaveStaleLock()
      for (let round = 0; round < 10; round += 1) {
        await writeFile(join(path, 'owner.lock'), stale)
        const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(path)))
        const locks = outcomes.filter((outcome) => outcome.status === 'fulfilled')
        expect(locks, `round ${round}`).to.have.length(1)
        await locks[0]!.value.release()
        expect(await readdir(path)).to.deep.equal([])
      }
    })

    it('removes the claim of a process that died on the way', async () => {
      const stale = await leaveStaleLock()
      await writeFile(join(path, 'owner.claim-0'), stale)
      await (await lockDirectory(path)).release()
      expect(await readdir(path)).to.deep.equal([])
    })

    it('waits for a living claim that came first, and not for ever', async () => {
      const claimPath = join(path, 'owner.claim-!')
      await writeFile(claimPath, JSON.stringify({ ...(await ownIdentity()), token: '!' }))
      await expectRejectedLock(lockDirectory(path, shortTiming), `process ${process.pid}`)
      const lock = lockDirectory(path)
      await rm(claimPath)
      await (await lock).release()
    })
  })

  if (process.platform === 'linux') {
    describe('with what Linux tells', () => {
      it('knows a process from an earlier one of the same id', async () => {
        await writeFile(join(path, 'owner.lock'), JSON.stringify({ ...(await ownIdentity()), startTicks: 1 }))
        await (await lockDirectory(path)).release()
      })

      it('counts a process as gone that is dead and not yet buried', async () => {
        const script = '"$0" --input-type=module -e "$1" & exec sleep 1000'
        const parent = new Opener(spawn('sh', ['-c', script, process.execPath, openerSource(path, 'at once')]))
        children.add(parent)
        await parent.ready()
        expect(await parent.line()).to.equal('OPENED')
        const { pid } = JSON.parse(await readFile(join(path, 'owner.lock'), 'utf8')) as { readonly pid: number }
        process.kill(pid, 'SIGKILL')
        await eventually(async () => / Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8')))
        await (await lockDirectory(path)).release()
      })
    })
  }

  describe('of a process that cannot be seen from here', () => {
    const ofAnotherMachine = async () =>
      JSON.stringify({ ...(await ownIdentity()), pid: 1, bootId: 'another', token: 'another' })

    it('counts as long as it is touched', async () => {
      const ownerPath = join(path, 'owner.lock')
      await writeFile(ownerPath, await ofAnotherMachine())
      let beat = 0
      const heartbeat = setInterval(() => void utimes(ownerPath, 1, (beat += 1)), 5)
      await expectRejectedLock(
        lockDirectory(path, { ...shortTiming, silenceMs: 10_000 }),
        'process 1 of another machine or container',
      )
      clearInterval(heartbeat)
    })

    it('is taken over after a silence, also when it cannot be read', async () => {
      for (const text of [await ofAnotherMachine(), '', '{"pid":', '{"pid":-1}', '[]', 'null']) {
        await writeFile(join(path, 'owner.lock'), text)
        await (await lockDirectory(path, shortTiming)).release()
      }
    })

    it('is touched by its owner', async () => {
      const lock = await lockDirectory(path, shortTiming)
      const mtimeMs = async () => (await stat(join(path, 'owner.lock'))).mtimeMs
      const first = await mtimeMs()
      await eventually(async () => (await mtimeMs()) > first)
      await lock.release()
    })
  })
})

/** A process that opens the directory when told. */
class Opener {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(child: ChildProcess) {
    this.#child = child
    child.stderr?.pipe(process.stderr)
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  async line(): Promise<string> {
    return (await this.#lines.next()).value as string
  }

  async ready(): Promise<void> {
    expect(await this.line()).to.equal('READY')
  }

  /** `OPENED`, or the code and the message. */
  async open(): Promise<string> {
    this.#child.stdin?.write('open\n')
    for (;;) {
      const line = await this.line()
      if (line !== 'READY') return line
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}

function openerSource(path: string, when: 'when told' | 'at once' = 'when told'): string {
  return `
    const { openFdBlockFiles } = await import(${JSON.stringify(moduleUrl)})
    console.log('READY')
    ${when === 'when told' ? "await new Promise((resolve) => process.stdin.once('data', resolve))" : ''}
    ${openSource(path, 'console.log')}
    setInterval(() => undefined, 1_000_000)`
}

function workerSource(path: string): string {
  return `
    import { parentPort } from 'node:worker_threads'
    const { openFdBlockFiles } = await import(${JSON.stringify(moduleUrl)})
    ${openSource(path, '(text) => parentPort.postMessage(text)')}`
}

function openSource(path: string, report: string): string {
  return `
    const words = openFdBlockFiles(${JSON.stringify(path)}).then(() => 'OPENED', (error) => error.code + ' ' + error.message)
    ;(${report})(await words)`
}

async function expectLocked(path: string, owner: string): Promise<void> {
  const error = await expectRejectedLock(openFdBlockFiles(path), owner)
  expect(error.message).to.equal(`Cannot open "${path}": directory is locked by ${owner}`)
}

async function expectRejectedLock(call: Promise<unknown>, owner: string): Promise<WalrusError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).to.be.instanceOf(WalrusError)
  expect((error as WalrusError).code).to.equal('DIRECTORY_LOCKED')
  expect((error as WalrusError).message).to.contain(owner)
  return error as WalrusError
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}
