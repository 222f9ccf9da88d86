/** What a backend can do beyond the contract; callers adapt, they never assume. */
export interface BlockFileSupport {
  /** Positions, lengths and buffers of writes must be multiples of this many bytes; 1 where any will do. */
  readonly alignmentBytes: number
  /** True where a durable write costs less than a write followed by `sync`. */
  readonly durableWrite: boolean
}

/**
 * A file of fixed size: writing inside it never changes its length. Its space need not be taken before it is first written: a
 * disk may turn out to be full in the middle of the file.
 *
 * Concurrency: any number of calls may be under way at once; two writes that overlap in bytes must not be.
 * Errors: a rejected call names the file and the system's reason. A write that is not durable rejects with `DISK_FULL` or
 * `IO_FAILED`, leaves the file usable, and its own bytes undefined. A sync or durable write that fails, whatever the reason,
 * rejects with `FILE_FAILED`, and the file is broken for good: so does each further write and sync, however often it is opened by
 * the owner of the directory, because the system may have dropped the bytes that it could not write (reads go on). A call after
 * `close` rejects with `STORAGE_CLOSED`.
 */
export interface BlockFile {
  readonly name: string
  readonly sizeBytes: number
  readonly supports: BlockFileSupport

  /**
   * Writes the parts one after the other from `position`; short writes are completed before it resolves.
   * The parts must not change until then. A write beyond `sizeBytes` rejects with `INVALID_ARGUMENT` and does nothing.
   * @param durable when true, the bytes are on stable storage when it resolves; else they may be lost, or written in any
   * order and in part, until a later `sync`
   */
  write(parts: readonly Uint8Array[], position: number, durable: boolean): Promise<void>

  /** Everything whose write resolved before this call is on stable storage when it resolves. */
  sync(): Promise<void>

  /**
   * Reads exactly `length` bytes; never written bytes are zero. The result is a fresh buffer that the caller may keep.
   * Beyond `sizeBytes`: `INVALID_ARGUMENT`. Fewer bytes than that on disk: `CORRUPT_DATA`.
   */
  read(position: number, length: number): Promise<Uint8Array>

  /** Waits for calls under way and releases the file; does not sync. Idempotent. */
  close(): Promise<void>
}

/**
 * One directory of block files with one owner. Opening it takes a lock that dies with the process; a second owner, in
 * this process or another, gets `DIRECTORY_LOCKED`.
 */
export interface BlockFileDirectory {
  /** The directory in words, for error messages. */
  readonly path: string

  /** Names of the block files, ascending; other files are not listed. Empty: none was ever created. */
  list(): Promise<readonly string[]>

  /**
   * Makes a file of that size, filled with zeros; it survives a crash once this has resolved. Rejects with `INVALID_ARGUMENT`
   * where it exists, and for a name of other characters than letters, digits, `_` and `-`.
   */
  create(name: string, sizeBytes: number): Promise<BlockFile>

  /** Opens an existing file for reading and writing; `INVALID_ARGUMENT` where there is none. */
  open(name: string): Promise<BlockFile>

  /** Deletes the file; it stays deleted after a crash once this has resolved. Absent is fine. Its space is free once closed. */
  remove(name: string): Promise<void>

  /** Closes every open file and gives the lock back. Idempotent. */
  close(): Promise<void>
}
