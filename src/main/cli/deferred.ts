export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
}

/** `Promise.withResolvers`, which the compiler's library for this target does not know. */
export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
