import type { BlockFileDirectory } from '@walrus/core'
import type { DiskFault, DiskOperation } from '../disk-world.js'

/** A place where one directory of block files is kept. */
export interface BlockFilePlace {
  /** Opens the directory, which is empty the first time. May be called again, after its `close` and before. */
  open(): Promise<BlockFileDirectory>
  /** Releases what the place takes up; the directories are closed before. */
  remove(): Promise<void>
}

/** Who complies with the port, and what else a test can do to its place. */
export interface BlockFileSuiteOptions<Place extends BlockFilePlace = BlockFilePlace> {
  readonly name: string
  /** A fresh place for each test. */
  readonly place: () => Promise<Place>
  /** Puts a file beside the block files that is none. */
  readonly addForeignFile?: (place: Place) => Promise<void>
  /** Cuts a block file, behind the back of whoever has it open. */
  readonly truncate?: (place: Place, name: string, sizeBytes: number) => Promise<void>
  /** Makes the system fail the next call of that kind. */
  readonly failNext?: (place: Place, kind: DiskOperation['kind'], fault: DiskFault) => void
  /** Takes the power away; the next `open` sees what is left. What was open before never answers again. */
  readonly crash?: (place: Place) => Promise<void>
}
