import type { EventData, EventName, MethodName, MethodParams, MethodResult } from '../../../shared/contract/methods'
import type { Caller, KernelService } from '../../../shared/contract/service'
import { KeyframeError } from '../../../shared/failure'

type Answer = (params: never, caller: Caller) => unknown
type Listener = <E extends EventName>(event: E, data: EventData<E>) => void

export interface SmallService extends KernelService {
  emit<E extends EventName>(event: E, data: EventData<E>): void
  readonly subscribers: number
  readonly callers: readonly Caller[]
}

/**
 * A service for tests of transports: says hello, keeps small values, and answers whatever the test gives it answers for.
 * Answers may be wrong on purpose; the connection has to notice.
 */
export function createSmallService(answers: Partial<Record<MethodName, Answer>> = {}): SmallService {
  const values = new Map<string, string>()
  const listeners = new Set<Listener>()
  const callers: Caller[] = []
  const known: Partial<Record<MethodName, Answer>> = {
    'kernel.hello': ({ protocol }: MethodParams<'kernel.hello'>) => ({ protocol, version: 'test', pid: process.pid }),
    'ui.get': ({ key }: MethodParams<'ui.get'>) => ({ value: values.get(key) ?? null }),
    'ui.set': ({ key, value }: MethodParams<'ui.set'>) => {
      values.set(key, value)
      return {}
    },
    ...answers,
  }
  return {
    async call<M extends MethodName>(method: M, params: MethodParams<M>, caller: Caller): Promise<MethodResult<M>> {
      callers.push(caller)
      const answer = known[method]
      if (answer === undefined) throw new KeyframeError({ code: 'test.unanswered', message: `The test has no answer for ${method}.` })
      return (await answer(params as never, caller)) as MethodResult<M>
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    emit(event, data) {
      for (const listener of listeners) listener(event, data)
    },
    get subscribers() {
      return listeners.size
    },
    callers,
  }
}
