import type { Caller } from '../../../shared/contract/service'
import type { EventData, EventName } from '../../../shared/contract/methods'

export type EventListener = <E extends EventName>(event: E, data: EventData<E>) => void

/** Delivers events to every connection, or to one. */
export class EventHub {
  readonly #listeners = new Map<string, Set<EventListener>>()

  subscribe(listener: EventListener, caller: Caller): () => void {
    const listeners = this.#listeners.get(caller.id) ?? new Set()
    listeners.add(listener)
    this.#listeners.set(caller.id, listeners)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(caller.id)
    }
  }

  emit<E extends EventName>(event: E, data: EventData<E>): void {
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener(event, data)
  }

  emitTo<E extends EventName>(callerId: string, event: E, data: EventData<E>): void {
    for (const listener of this.#listeners.get(callerId) ?? []) listener(event, data)
  }
}
