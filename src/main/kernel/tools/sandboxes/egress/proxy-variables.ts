const LOCAL = 'localhost,127.0.0.1,::1'

/** Variables that make ordinary clients use a proxy, except for the loopback. */
export function proxyVariables(url: string): Record<string, string> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']
  return {
    ...Object.fromEntries(names.flatMap((name) => [name, name.toLowerCase()].map((key) => [key, url]))),
    NO_PROXY: LOCAL,
    no_proxy: LOCAL,
    npm_config_proxy: url,
    npm_config_https_proxy: url,
    npm_config_noproxy: LOCAL,
    // Node's own fetch looks at the variables only when it is told to.
    NODE_USE_ENV_PROXY: '1',
  }
}
