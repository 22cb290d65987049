import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { keyframeHome } from './home'

it('keeps data where the user or the system says', () => {
  expect(keyframeHome({ KEYFRAME_HOME: '/data' }, 'linux')).toBe('/data')
  expect(keyframeHome({ XDG_DATA_HOME: '/xdg' }, 'linux')).toBe('/xdg/keyframe')
  expect(keyframeHome({ XDG_DATA_HOME: 'relative' }, 'linux')).toBe(join(homedir(), '.local/share/keyframe'))
  expect(keyframeHome({ KEYFRAME_HOME: '' }, 'darwin')).toBe(join(homedir(), 'Library/Application Support/keyframe'))
})
