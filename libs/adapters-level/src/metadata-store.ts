import { openStore, type Store } from './store.js'

/** Keys are text of fixed width. */
export type MetadataStore = Store<string>

/** The files of the metadata log of a cluster of one. Throws like `openStore`. */
export function openMetadataStore(directory: string): Promise<MetadataStore> {
  return openStore(directory, { what: 'metadata log', folder: 'commands', keyEncoding: 'utf8' })
}
