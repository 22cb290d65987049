import type { EventData, EventName, MethodName, MethodParams, MethodResult } from '../../../shared/contract/methods'
import type { KernelClient } from '../../../shared/contract/service'

type Answers = { [M in MethodName]?: (params: MethodParams<M>) => MethodResult<M> | Promise<MethodResult<M>> }

/** A kernel at the other end of a connection, for tests: answers as told, records the calls, can drop the connection. */
export class RecordedKernel {
  readonly calls: { readonly method: MethodName; readonly params: unknown }[] = []
  connections = 0
  pid = 1
  private listeners = new Map<EventName, Set<(data: never) => void>>()
  private drop: (reason: string) => void = () => undefined

  constructor(private readonly answers: Answers) {}

  readonly connect = async (): Promise<KernelClient> => {
    this.connections += 1
    this.listeners = new Map()
    const closed = new Promise<string>((resolve) => {
      this.drop = resolve
    })
    return {
      call: async (method, params) => {
        this.calls.push({ method, params })
        return this.answer(method, params)
      },
      on: (event, listener) => {
        const listeners = this.listeners.get(event) ?? new Set()
        this.listeners.set(event, listeners.add(listener as (data: never) => void))
        return () => listeners.delete(listener as (data: never) => void)
      },
      closed,
      close: () => this.drop('closed'),
    }
  }

  emit<E extends EventName>(event: E, data: EventData<E>): void {
    for (const listener of this.listeners.get(event) ?? []) (listener as (data: EventData<E>) => void)(data)
  }

  loseConnection(): void {
    this.drop('the test pulled the plug')
  }

  private async answer<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>> {
    if (method === 'kernel.hello') return { protocol: 1, version: 'test', pid: this.pid } as MethodResult<M>
    const answer = this.answers[method]
    if (answer === undefined) throw new Error(`the test kernel has no answer for ${method}`)
    return answer(params)
  }
}
