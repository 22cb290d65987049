import { createServer, type IncomingMessage } from 'node:http'
import { createApp } from './app.ts'
import { loadConfig } from './config.ts'
import type { ApiRequest } from './gateway/http.ts'
import { route } from './gateway/router.ts'
import { createJsonLogger } from './shared/logger.ts'

const config = loadConfig(process.env)
const logger = createJsonLogger((line) => process.stdout.write(line))
const services = createApp(config, logger, () => Math.floor(Date.now() / 1000))

async function readRequest(message: IncomingMessage): Promise<ApiRequest> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of message) text += decoder.decode(chunk, { stream: true })
  const authorization = message.headers['authorization']
  return {
    method: message.method === 'POST' ? 'POST' : 'GET',
    path: message.url ?? '/',
    headers: { authorization: typeof authorization === 'string' ? authorization : undefined },
    body: text === '' ? null : JSON.parse(text),
  }
}

const server = createServer((message, response) => {
  readRequest(message)
    .then((request) => route(request, services))
    .catch(() => ({ status: 400, body: { code: 'invalid', message: 'The body is no JSON.' } }))
    .then(({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)))
})

server.listen(config.port, () => logger.log('info', 'listening', { port: config.port }))
process.on('SIGTERM', () => server.close())
