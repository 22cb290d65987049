import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { KeyframeError } from '../../shared/failure'

/** The folder of package.json, resources/ and node_modules/, looked for upwards from this file, built or not. */
export function findAppRoot(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'resources'))) return folder
    if (dirname(folder) === folder) break
  }
  throw new KeyframeError({
    code: 'app.incomplete',
    message: `Keyframe's own files are not above ${from}.`,
    action: 'Run it from its checkout, or install it again.',
  })
}
