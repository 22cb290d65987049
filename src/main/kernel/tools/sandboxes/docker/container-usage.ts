import { readFileSync } from 'node:fs'

/** What a container's control groups count; a count is null where the system keeps none. */
export interface ContainerUsage {
  readonly cpuMs: number | null
  /** Memory of processes and of what they keep in memory file systems; no file caches. */
  readonly memoryBytes: number | null
  readonly processes: number | null
  /** Processes that the system ended since the container started, for want of memory. */
  readonly memoryKills: number | null
  /** Processes that it refused to start. */
  readonly refusedProcesses: number | null
}

export interface ContainerCounters {
  read(): ContainerUsage
}

/** The counters of the container that `pid` is the first process of. Read from the system itself, which costs less than to ask the engine. */
export function containerCounters(pid: number): ContainerCounters {
  const groups = readText(`/proc/${pid}/cgroup`) ?? ''
  const folderOf = (controller: string): string | null => {
    for (const line of groups.split('\n')) {
      const [, names = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
      if (names.split(',').includes(controller) && path !== '/') return `/sys/fs/cgroup/${names}${path}`
    }
    return null
  }
  const unified = /^0::(\/.+)$/m.exec(groups)?.[1] ?? null
  const folders = { memory: folderOf('memory'), cpu: folderOf('cpuacct'), pids: folderOf('pids') }
  const read = (folder: string | null, old: string, current: string): string | null =>
    folder !== null ? readText(`${folder}/${old}`) : unified !== null ? readText(`/sys/fs/cgroup${unified}/${current}`) : null

  return {
    read() {
      const cpuMs =
        folders.cpu !== null
          ? scaled(number(read(folders.cpu, 'cpuacct.usage', '')), 1e-6)
          : scaled(field(read(null, '', 'cpu.stat'), 'usage_usec'), 1e-3)
      const memory = read(folders.memory, 'memory.stat', 'memory.stat')
      const anonymous = field(memory, folders.memory === null ? 'anon' : 'total_rss')
      const shared = field(memory, folders.memory === null ? 'shmem' : 'total_shmem') ?? 0
      return {
        cpuMs,
        memoryBytes: anonymous === null ? null : anonymous + shared,
        processes: number(read(folders.pids, 'pids.current', 'pids.current')),
        memoryKills: field(read(folders.memory, 'memory.oom_control', 'memory.events'), 'oom_kill'),
        refusedProcesses: field(read(folders.pids, 'pids.events', 'pids.events'), 'max'),
      }
    },
  }
}

/** Null when the file is not there: the container has ended, or the system has no such counter. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if (['ENOENT', 'ENODEV', 'ESRCH', 'EACCES'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return null
    throw thrown
  }
}

function number(text: string | null): number | null {
  return text !== null && /^\d+\s*$/.test(text) ? Number(text) : null
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor
}

function field(text: string | null, name: string): number | null {
  const match = text === null ? null : new RegExp(`^${name} (\\d+)$`, 'm').exec(text)
  return match === null ? null : Number(match[1])
}
