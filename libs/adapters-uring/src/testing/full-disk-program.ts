// Fills small file systems in memory, which it mounts: run by `npm run native:full-disk`, as root.
import { openFdBlockFiles, openMmapBlockFiles } from '@walrus/adapters-fs'
import { WalrusError, type BlockFileDirectory } from '@walrus/core'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rmdir, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openUringBlockFiles } from '../uring-block-files.js'

const MEBIBYTE = 2 ** 20

type Open = (path: string) => Promise<BlockFileDirectory>

const checks: Readonly<Record<string, (path: string) => Promise<void>>> = {
  'mmap reserves what it creates': (path) => reservesWhatItCreates(openMmapBlockFiles, path),
  'uring reserves what it creates': (path) => reservesWhatItCreates(openUringBlockFiles, path),
  'mmap refuses a file without space': refusesFileWithoutSpace,
  'uring completes what is cut short, up to the error behind it': completesWhatIsCutShort,
}

for (const [name, check] of Object.entries(checks)) {
  await onSmallDisk(check)
  process.stdout.write(`on a full disk: ${name}\n`)
}

/** A file system of 4 MiB. */
async function onSmallDisk(check: (path: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'walrus-full-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path])
  try {
    await check(path)
  } finally {
    execFileSync('umount', [path])
    await rmdir(path)
  }
}

async function reservesWhatItCreates(open: Open, path: string): Promise<void> {
  const directory = await open(path)
  const file = await directory.create('a', 3 * MEBIBYTE)
  await rejects(directory.create('b', 3 * MEBIBYTE), 'DISK_FULL')
  assert.deepEqual(await directory.list(), ['a'])
  await fill(path)
  const bytes = new Uint8Array(3 * MEBIBYTE).fill(7)
  for (let at = 0; at < bytes.length; at += 10_000) await file.write([bytes.subarray(at, at + 10_000)], at, false)
  await file.write([bytes], 0, true)
  assert.deepEqual(await file.read(0, bytes.length), bytes)
  await directory.close()
}

/** Else a write into the mapping would end the process. */
async function refusesFileWithoutSpace(path: string): Promise<void> {
  await makeSparse(path)
  const directory = await openMmapBlockFiles(path)
  await rejects(directory.open('a'), 'DISK_FULL')
  await directory.close()
}

async function completesWhatIsCutShort(path: string): Promise<void> {
  await makeSparse(path)
  const directory = await openUringBlockFiles(path)
  const file = await directory.open('a')
  const bytes = new Uint8Array(MEBIBYTE).fill(7)
  await rejects(file.write([bytes], 0, false), 'DISK_FULL')
  const written = await file.read(0, MEBIBYTE)
  assert.deepEqual([written[0], written[MEBIBYTE - 1]], [7, 0])
  await truncate(join(path, 'rest'), 0)
  await file.write([bytes], 0, true)
  await directory.close()
}

/** A block file of 1 MiB that has no space of its own, on a disk that has half of it left. */
async function makeSparse(path: string): Promise<void> {
  const directory = await openFdBlockFiles(path)
  await directory.create('a', MEBIBYTE)
  await directory.close()
  await fill(path, MEBIBYTE / 2)
}

/** Leaves so many bytes free. */
async function fill(path: string, freeBytes = 0): Promise<void> {
  const available = execFileSync('df', ['--output=avail', '-B1', path], { encoding: 'utf8' }).split('\n')[1]
  await writeFile(join(path, 'rest'), new Uint8Array(Number(available) - freeBytes))
}

async function rejects(call: Promise<unknown>, code: WalrusError['code']): Promise<void> {
  await assert.rejects(call, (thrown) => thrown instanceof WalrusError && thrown.code === code)
}
