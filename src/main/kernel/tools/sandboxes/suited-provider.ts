import type { SandboxProvider } from './sandbox'

/** The same provider, with the pinned Node first on the PATH of its sandboxes where the workspace needs it. Asked once. */
export function suitedProvider(provider: SandboxProvider, needsPinnedNode: () => Promise<boolean>): SandboxProvider {
  let asked: Promise<boolean> | null = null
  return {
    get level() {
      return provider.level
    },
    get guarantees() {
      return provider.guarantees
    },
    open: async (spec) => {
      asked ??= needsPinnedNode()
      return provider.open({ ...spec, pinnedNodeFirst: await asked })
    },
  }
}
