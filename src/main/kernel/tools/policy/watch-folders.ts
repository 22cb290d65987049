import { type FSWatcher, watch } from 'node:fs'

/** An editor writes a file in several steps. */
const SETTLED_MS = 60

/**
 * Calls `changed` some time after anything in these folders changed. A folder that is taken away and made again is watched again
 * when its parent is among them. Returns how to stop.
 */
export function watchFolders(folders: readonly string[], changed: () => void, log: (line: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined
  let watchers: FSWatcher[] = []
  const soon = (): void => {
    clearTimeout(timer)
    timer = setTimeout(settled, SETTLED_MS).unref()
  }
  const watchAll = (): FSWatcher[] =>
    folders.flatMap((folder): FSWatcher[] => {
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
  const settled = (): void => {
    changed()
    // Watched anew before the old ones end, so that nothing is missed between.
    const before = watchers
    watchers = watchAll()
    for (const watcher of before) watcher.close()
  }
  watchers = watchAll()
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}
