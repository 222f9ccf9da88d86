/** What ends a node that has run: the first failure that it cannot go on with. */
export class Failure {
  /** Resolves with it, if there ever is one. */
  readonly reported: Promise<Error>
  #resolve: (error: Error) => void = () => undefined

  constructor() {
    this.reported = new Promise((resolve) => (this.#resolve = resolve))
  }

  report(error: Error): void {
    this.#resolve(error)
  }
}
