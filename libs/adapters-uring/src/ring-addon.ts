/**
 * What the C of this package does. A request is a small number, which is free again once it is announced as complete.
 * Requests are -1 where the ring has no room for one. Wrong arguments throw and do nothing.
 */
export interface RingAddon {
  /**
   * Makes the ring of this thread, once. What completes is put into `results` as pairs (request, result), the result
   * being bytes or a negative errno, and announced with the number of pairs.
   * @returns 0, or a negative errno
   */
  open(capacity: number, results: Int32Array, onCompletions: (count: number) => void): number
  /** Queues a write of 1 to 1,024 parts, which are kept alive until it completes. */
  write(descriptor: number, parts: readonly Uint8Array[], position: number): number
  /** Queues a read into `bytes`, which are kept alive until it completes. */
  read(descriptor: number, bytes: Uint8Array, position: number): number
  /** Queues an fdatasync. */
  syncData(descriptor: number): number
  /** Queues an fallocate: the file is at least so long, and has the space. */
  reserve(descriptor: number, sizeBytes: number): number
  /** Hands over what is queued. Returns 0, or a negative errno with the rest still queued. */
  submit(): number
  /** Gives up one queued request and returns it; -1 when none is left. */
  unqueue(): number
}
