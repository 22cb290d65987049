import { join } from 'node:path'
import { guestScriptDir } from '../tools/guest/guest-binds'
import { type LocalSandbox, openLocalSandbox } from './local-sandbox'

/** A local sandbox that tells programs inside the true places of its folders and of Keyframe's guest scripts. */
export async function openLocalShellSandbox(): Promise<LocalSandbox> {
  const sandbox = await openLocalSandbox()
  const scripts = guestScriptDir(join(import.meta.dirname, '../../../..'))
  return {
    ...sandbox,
    guest: {
      workspace: sandbox.workspaceDir,
      exchange: sandbox.exchangeDir,
      resolve: (guestPath) => join(scripts, guestPath.slice(guestPath.lastIndexOf('/') + 1)),
    },
  }
}
