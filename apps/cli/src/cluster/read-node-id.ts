import { InvalidArgumentError } from 'commander'

/** For commander: a node's id. */
export function readNodeId(text: string): number {
  const id = Number(text)
  if (!/^\d+$/.test(text) || id < 1 || !Number.isSafeInteger(id))
    throw new InvalidArgumentError('expected a node id from 1')
  return id
}
