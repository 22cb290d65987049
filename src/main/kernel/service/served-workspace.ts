import { createHash } from 'node:crypto'
import { KeyframeError } from '../../../shared/failure'
import type { RunServices } from '../scheduler/run-engine'
import type { ServedWorkspace } from './call-upgrade'
import type { Scratch } from './scratch'

/** Reads everything, writes and reaches nothing. */
const ROLE = 'code-analyzer'

/** Language servers run what the repository says (plugins, build scripts): only behind a proven boundary. Throws `sandbox.*`. */
export async function openServedWorkspace(services: Pick<RunServices, 'requireIsolation'>, scratch: Scratch): Promise<ServedWorkspace> {
  await services.requireIsolation(false)
  const { device, files } = await scratch.live(ROLE)
  let ending: Promise<void> | null = null
  return {
    channel: async (language) => {
      device.set.lsp.attach(await device.sandbox())
      return device.set.lsp.openChannel(language)
    },
    read: async (path) => {
      try {
        const bytes = await files.readBytes(path)
        return { text: bytes.toString(), hash: createHash('sha256').update(bytes).digest('hex') }
      } catch (thrown) {
        if (thrown instanceof KeyframeError && thrown.code === 'files.not-found') return null
        throw thrown
      }
    },
    dispose: () => (ending ??= device.dispose()),
  }
}
