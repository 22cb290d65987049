export interface Email {
  readonly to: string
  readonly subject: string
  readonly body: string
}

/** Mail that waits to be sent. A worker outside this service empties it. */
export class EmailQueue {
  #waiting: Email[] = []

  push(email: Email): void {
    this.#waiting.push(email)
  }

  drain(): Email[] {
    const drained = this.#waiting
    this.#waiting = []
    return drained
  }
}
