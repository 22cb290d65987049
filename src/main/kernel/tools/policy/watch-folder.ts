import { type FSWatcher, watch } from 'node:fs'

/** An editor writes a file in several steps. */
const SETTLED_MS = 60

/** Calls `changed` some time after anything in these folders changed. Returns how to stop. */
export function watchFolder(folders: readonly string[], changed: () => void, log: (line: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const soon = (): void => {
    clearTimeout(timer)
    timer = setTimeout(changed, SETTLED_MS)
  }
  const watchers = folders.flatMap((folder): FSWatcher[] => {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || !name.endsWith('.tmp')) soon()
      })
      watcher.on('error', (error) => log(`policy: ${folder} is not watched any more: ${error.message}`))
      return [watcher]
    } catch (thrown) {
      log(`policy: ${folder} cannot be watched: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      return []
    }
  })
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}
