// Inside a sandbox: carries each connection to a port of its loopback to the proxy's unix socket outside.
//   egress-relay.mjs SOCKET [PORT]
// Writes "ready" once it listens, and ends when its input does, so that it never outlives the sandbox.
import net from 'node:net'

const [socketPath, port = '3128'] = process.argv.slice(2)
if (socketPath === undefined) {
  process.stderr.write('usage: egress-relay.mjs SOCKET [PORT]\n')
  process.exit(2)
}

const RETRIES = 50
const RETRY_MS = 20

/** The client is paused: nothing of it is lost before the proxy is reached. */
function relay(client, attempt = 0) {
  if (client.destroyed) return
  const proxy = net.connect({ path: socketPath, allowHalfOpen: true })
  let isOpen = false
  proxy.on('connect', () => {
    isOpen = true
    client.pipe(proxy).pipe(client)
    client.on('close', () => proxy.destroy())
    proxy.on('close', () => client.destroy())
  })
  proxy.on('error', (error) => {
    // A unix socket refuses at once when too many connect together, where TCP would wait.
    if (!isOpen && error.code === 'EAGAIN' && attempt < RETRIES) setTimeout(() => relay(client, attempt + 1), RETRY_MS)
    else client.destroy()
  })
}

function listen(host) {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
      // What breaks is closed, and the other end with it.
      client.on('error', () => client.destroy())
      relay(client)
    })
    server.once('error', reject)
    server.listen({ host, port: Number(port), ipv6Only: true, backlog: 1024 }, () => {
      server.off('error', reject)
      // Running out of descriptors refuses one connection; the next one may find some.
      server.on('error', (error) => process.stderr.write(`${error.message}\n`))
      resolve(undefined)
    })
  })
}

await listen('127.0.0.1')
// A sandbox without IPv6 has only the other one.
await listen('::1').catch((error) => process.stderr.write(`${error.message}\n`))
process.stdout.write('ready\n')
for (const event of ['end', 'close', 'error']) process.stdin.on(event, () => process.exit(0))
process.stdin.resume()
