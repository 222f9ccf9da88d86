import type { AdminOperationName, AdminParameters, AdminResult } from '@walrus/protocol'

/** Carries out one operation of administration. */
export type Administer = <N extends AdminOperationName>(
  operation: N,
  parameters: AdminParameters<N>,
) => Promise<AdminResult<N>>

/** Administration of topics and of the cluster, through any node. Calls reject with a `ClientError`. */
export class ClusterAdmin {
  readonly #do: Administer

  constructor(administer: Administer) {
    this.#do = administer
  }

  /** A page of topics, ascending by name; `more` says that there are others behind it. */
  listTopics(page: AdminParameters<'topic.list'> = {}): Promise<AdminResult<'topic.list'>> {
    return this.#do('topic.list', page)
  }

  /** A topic's settings, cursors, and a page of its segments. */
  describeTopic(parameters: AdminParameters<'topic.describe'>): Promise<AdminResult<'topic.describe'>> {
    return this.#do('topic.describe', parameters)
  }

  /** Creates a topic; one that exists stays as it is. */
  createTopic(parameters: AdminParameters<'topic.create'>): Promise<AdminResult<'topic.create'>> {
    return this.#do('topic.create', parameters)
  }

  /** Changes some of a topic's settings, and gives all. */
  configureTopic(parameters: AdminParameters<'topic.configure'>): Promise<AdminResult<'topic.configure'>> {
    return this.#do('topic.configure', parameters)
  }

  /** Deletes a topic and all its entries for good. */
  deleteTopic(topic: string): Promise<AdminResult<'topic.delete'>> {
    return this.#do('topic.delete', { topic })
  }

  /** Seals a topic's open segment, and opens the next one. */
  rollTopic(topic: string): Promise<AdminResult<'topic.roll'>> {
    return this.#do('topic.roll', { topic })
  }

  /** Seals a topic's last segment with what can be reached. Entries that only other copies have are lost. */
  forceSealTopic(topic: string): Promise<AdminResult<'topic.seal'>> {
    return this.#do('topic.seal', { topic, force: true })
  }

  /** The cluster as the node sees it that answers. */
  clusterStatus(): Promise<AdminResult<'cluster.status'>> {
    return this.#do('cluster.status', {})
  }

  /** Gives a node nothing new, and hands on what it leads; `draining` false takes that back. */
  drainNode(node: number, draining = true): Promise<AdminResult<'cluster.drain'>> {
    return this.#do('cluster.drain', { node, draining })
  }

  /** Drains a node, and takes it out of the cluster for good once others keep all that it kept; waits so long for that. */
  removeNode(node: number, timeoutMs = 60_000): Promise<AdminResult<'cluster.remove'>> {
    return this.#do('cluster.remove', { node, timeoutMs })
  }
}
