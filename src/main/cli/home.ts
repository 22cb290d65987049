import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** The data folder: `KEYFRAME_HOME`, else the user's data folder by the conventions of the system. */
export function keyframeHome(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  const chosen = env['KEYFRAME_HOME']
  if (chosen !== undefined && chosen !== '') return resolve(chosen)
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'keyframe')
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'keyframe')
  const dataHome = env['XDG_DATA_HOME']
  return join(dataHome !== undefined && isAbsolute(dataHome) ? dataHome : join(homedir(), '.local', 'share'), 'keyframe')
}
