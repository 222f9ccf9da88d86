/** No broker takes a larger entry. */
const ENTRY_BYTES_MAX = 1 << 30

/** All bytes of the input as one entry; rejects when they are more than any broker takes. */
export async function readEntry(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let lengthBytes = 0
  for await (const chunk of input) {
    lengthBytes += chunk.length
    if (lengthBytes > ENTRY_BYTES_MAX) {
      throw new Error(`Cannot read the entry: standard input exceeds ${ENTRY_BYTES_MAX} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
