import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import semver from 'semver'
import { z } from 'zod'
import { KeyframeError } from '../../../shared/failure'
import type { FilesAt } from '../checkpoints/files'

const Manifest = z.object({ engines: z.object({ node: z.string().optional() }).optional() })

/**
 * Whether the workspace's programs should run on the pinned Node rather than on the user's: when there is no other, or when
 * `engines.node` of its package.json excludes the user's version and not the pinned one.
 */
export async function needsPinnedNode(base: FilesAt, pinnedVersion: string): Promise<boolean> {
  const usersVersion = await systemNodeVersion()
  if (usersVersion === null) return true
  const wanted = await wantedNode(base)
  if (wanted === null || semver.validRange(wanted) === null) return false
  return !semver.satisfies(usersVersion, wanted) && semver.satisfies(pinnedVersion, wanted)
}

async function wantedNode(base: FilesAt): Promise<string | null> {
  try {
    const { text } = await base.read('package.json')
    const manifest: unknown = JSON.parse(text ?? '{}')
    return Manifest.safeParse(manifest).data?.engines?.node ?? null
  } catch (thrown) {
    // No package.json, or one that is no JSON: nothing is asked for.
    if (thrown instanceof SyntaxError || (thrown instanceof KeyframeError && thrown.code === 'files.not-found')) return null
    throw thrown
  }
}

/** Version of the `node` that a user's shell finds. npm puts projects' own programs first on the PATH: they do not count. */
async function systemNodeVersion(): Promise<string | null> {
  const path = (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => !/\/node_modules(\/|$)|node-gyp-bin/.test(folder))
    .join(':')
  try {
    const { stdout } = await promisify(execFile)('/usr/bin/env', ['node', '--version'], { env: { PATH: path }, timeout: 10_000 })
    return semver.valid(stdout.trim())
  } catch {
    // `env` exits 127 when there is none; a Node that cannot even print its version is none either.
    return null
  }
}
