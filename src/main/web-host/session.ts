import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'

/** Whoever holds the cookie is the user. The token in the printed address buys it, once. */
export interface WebSession {
  /** A new one-time token, for one address. Tokens that were not used stay good until the host ends. */
  issueToken(): string
  /** True once for each token that was issued. */
  redeemToken(token: string): boolean
  /** The value for `Set-Cookie`. */
  cookie(port: number): string
  hasCookie(header: string | undefined, port: number): boolean
}

export function createWebSession(secret: string = newSecret()): WebSession {
  const tokens = new Set<string>()
  return {
    issueToken() {
      const token = newSecret()
      tokens.add(digest(token))
      return token
    },
    redeemToken: (token) => tokens.delete(digest(token)),
    cookie: (port) => `${cookieName(port)}=${secret}; Path=/; HttpOnly; SameSite=Strict`,
    hasCookie(header, port) {
      const prefix = `${cookieName(port)}=`
      const values = (header ?? '').split(';').map((part) => part.trim())
      return values.some((part) => part.startsWith(prefix) && isSame(part.slice(prefix.length), secret))
    },
  }
}

/**
 * The workspace's session secret, made on first use and readable by the user alone (0600): a host that is started
 * again on the same port then finds its windows still signed in, so that they reconnect after a crash.
 */
export async function loadSessionSecret(path: string): Promise<string> {
  try {
    const stored = await readFile(path, 'utf8')
    if (/^[A-Za-z0-9_-]{43}$/.test(stored)) return stored
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown
  }
  const secret = newSecret()
  await writeFile(path, secret, { mode: 0o600 })
  await chmod(path, 0o600)
  return secret
}

/** Cookies are shared by all ports of a host, so the name carries the port. */
function cookieName(port: number): string {
  return `keyframe-${port}`
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function isSame(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
}
