/**
 * Against DNS rebinding: a page of another site that resolves its own name to 127.0.0.1 still sends that name. Any port
 * is accepted, since the port that the browser sees differs when it is forwarded over SSH.
 */
export function isLoopbackHost(host: string | undefined): host is string {
  return host !== undefined && /^(127\.0\.0\.1|localhost)(:\d{1,5})?$/i.test(host)
}

/** A browser names the page that asks; it has to be ours. `Origin` is absent on navigations and same-origin GETs. */
export function isOwnOrigin(origin: string | undefined, host: string): boolean {
  return origin !== undefined && origin.toLowerCase() === `http://${host.toLowerCase()}`
}
