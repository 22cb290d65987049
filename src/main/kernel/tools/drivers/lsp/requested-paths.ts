import type { CapabilityRequest } from '../../driver'

/** Questions about one file read it; what a server looks up for them in other files is limited by the sandbox's mounts. */
export function readsFile(args: { readonly path: string }): CapabilityRequest[] {
  return [{ action: 'fs.read', resource: args.path }]
}

export function readsFiles(args: { readonly paths: readonly string[] }): CapabilityRequest[] {
  return [...new Set(args.paths)].map((path) => ({ action: 'fs.read', resource: path }))
}

/** Questions that name no file are about all of them. */
export function readsWorkspace(): CapabilityRequest[] {
  return [{ action: 'fs.read', resource: '.' }]
}
