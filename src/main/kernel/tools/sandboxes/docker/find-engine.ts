import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { KeyframeError } from '../../../../../shared/failure'

const DEFAULT_SOCKET = '/var/run/docker.sock'

/**
 * The engine's unix socket: `host` when it is given, else DOCKER_HOST, else what the command line's current context names, else the
 * usual place. Throws `docker.not-here` for an engine on another machine: a container must see the branch's folders, and its
 * processes must be this system's.
 */
export async function findEngineSocket(options: { dockerPath: string; host?: string; env: NodeJS.ProcessEnv }): Promise<string> {
  const host =
    options.host || options.env['DOCKER_HOST'] || (await contextHost(options.dockerPath, options.env)) || `unix://${DEFAULT_SOCKET}`
  const path = /^unix:\/\/(\/.*)$/.exec(host)?.[1] ?? (host.startsWith('/') ? host : null)
  if (path !== null) return path
  throw new KeyframeError({
    code: 'docker.not-here',
    message: `The Docker engine at ${host} is not on this machine, so it cannot see the branches' folders.`,
    action: 'Name an engine of this machine: DOCKER_HOST=unix:///var/run/docker.sock, or `docker context use default`.',
  })
}

/** Null where there is no command line or it has no contexts: then the usual place is meant. */
function contextHost(dockerPath: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  if (existsSync(DEFAULT_SOCKET) && env['DOCKER_CONTEXT'] === undefined && !existsSync(`${env['HOME'] ?? ''}/.docker/config.json`)) {
    return Promise.resolve(null)
  }
  return new Promise((resolve) => {
    const args = ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']
    execFile(dockerPath, args, { env, timeout: 5000 }, (error, stdout) => resolve(error === null ? stdout.trim() || null : null))
  })
}
