// Inside a sandbox: carries each connection to a port of its loopback to the proxy's unix socket outside.
//   egress-relay.mjs SOCKET [PORT]
// Writes "ready" once it listens, and ends when its input does, so that it never outlives the sandbox.
import net from 'node:net'

const [socketPath, port = '3128'] = process.argv.slice(2)
if (socketPath === undefined) {
  process.stderr.write('usage: egress-relay.mjs SOCKET [PORT]\n')
  process.exit(2)
}

function relay(client) {
  const proxy = net.connect({ path: socketPath, allowHalfOpen: true })
  // The other end learns of a break by the end of its own connection.
  client.on('error', () => proxy.destroy())
  proxy.on('error', () => client.destroy())
  client.on('close', () => proxy.destroy())
  proxy.on('close', () => client.destroy())
  client.pipe(proxy).pipe(client)
}

function listen(host) {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, relay)
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
