/**
 * The few parts of Node that this service uses, declared here so that it type-checks with nothing installed.
 * Replace this file by @types/node when the list grows.
 */
declare module 'node:test' {
  export function test(name: string, body: () => void | Promise<void>): void
}

declare module 'node:assert/strict' {
  interface Assert {
    equal(actual: unknown, expected: unknown, message?: string): void
    deepEqual(actual: unknown, expected: unknown, message?: string): void
    match(text: string, pattern: RegExp): void
    ok(value: unknown, message?: string): asserts value
    throws(body: () => unknown, expected?: object | RegExp): void
    rejects(body: Promise<unknown> | (() => Promise<unknown>), expected?: object | RegExp): Promise<void>
  }
  const assert: Assert
  export default assert
}

declare module 'node:crypto' {
  export function createHmac(algorithm: string, key: string): { update(text: string): { digest(encoding: 'hex'): string } }
  export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean
  export function randomUUID(): string
}

declare module 'node:http' {
  export interface IncomingMessage extends AsyncIterable<Uint8Array> {
    readonly method?: string
    readonly url?: string
    readonly headers: Record<string, string | string[] | undefined>
  }
  export interface ServerResponse {
    writeHead(status: number, headers: Record<string, string>): ServerResponse
    end(body?: string): void
  }
  export interface Server {
    listen(port: number, onListening: () => void): void
    close(onClosed?: () => void): void
  }
  export function createServer(listener: (request: IncomingMessage, response: ServerResponse) => void): Server
}

declare class TextEncoder {
  encode(text: string): Uint8Array
}
declare class TextDecoder {
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string
}
declare const process: {
  readonly env: Record<string, string | undefined>
  readonly stdout: { write(text: string): void }
  on(event: 'SIGTERM' | 'SIGINT', listener: () => void): void
}
