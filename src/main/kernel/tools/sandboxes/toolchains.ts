import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, normalize, sep } from 'node:path'

export interface Toolchains {
  /** Folders to bind read-only at their own path, since scripts in them name absolute paths. */
  readonly folders: readonly string[]
  /** The guest's PATH in the user's order, without what the guest cannot see. */
  readonly path: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
const SYSTEM_ROOTS = ['/usr', '/bin', '/sbin', '/lib', '/lib64']

/**
 * Version managers keep programs and what these need under one folder of the home directory. Only folders that hold no
 * credentials are listed: `~/.cargo` for one has a token beside its `bin`, so just its `bin` is bound.
 */
const MANAGED = [
  /^\.nvm\/versions\/node\/[^/]+/,
  /^\.local\/share\/fnm\/node-versions\/[^/]+\/installation/,
  /^\.local\/share\/mise\/installs\/[^/]+\/[^/]+/,
  /^\.asdf\/installs\/[^/]+\/[^/]+/,
  /^\.volta\/tools\/image\/[^/]+\/[^/]+/,
  /^\.pyenv/,
  /^\.rbenv/,
  /^\.sdkman\/candidates\/[^/]+\/[^/]+/,
  /^\.rustup\/toolchains\/[^/]+/,
]

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)

function isUsableFolder(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK)
    return statSync(path).isDirectory()
  } catch {
    // An entry of PATH that does not exist or cannot be read is no use inside either.
    return false
  }
}

function folderToBind(entry: string, home: string): string {
  if (isWithin(entry, home)) {
    const inside = entry.slice(home.length + 1)
    for (const pattern of MANAGED) {
      const match = pattern.exec(inside)
      if (match) return join(home, match[0])
    }
    return entry
  }
  // Below /opt a `bin` comes with its `lib` beside it (/opt/node-24/bin). Anywhere else the parent may be a repository.
  const installed = /^(\/opt\/.+|\/home\/linuxbrew\/\.linuxbrew|\/nix\/var\/nix\/profiles\/[^/]+)\/bin$/.exec(entry)
  return installed?.[1] ?? entry
}

/** Programs that the user's PATH reaches outside the system's own folders. Reads the disk once; no program is run. */
export function findToolchains(hostPath: string, home: string = homedir()): Toolchains {
  const folders: string[] = []
  const path: string[] = []
  const env: Record<string, string> = {}
  for (const raw of hostPath.split(':')) {
    if (raw === '' || !isAbsolute(raw)) continue
    const entry = normalize(raw).replace(/\/+$/, '')
    // Programs of a project belong to its own repository; npm puts them on the PATH of everything it starts.
    if (entry === '' || entry === home || /\/node_modules(\/|$)|node-gyp-bin/.test(entry) || path.includes(entry)) continue
    if (SYSTEM_ROOTS.some((root) => isWithin(entry, root))) {
      path.push(entry)
      continue
    }
    // Temporary and kernel folders are replaced inside, and a folder above the home would show all of it.
    if (['/tmp', '/proc', '/sys', '/dev', '/run', '/workspace'].some((root) => isWithin(entry, root)) || isWithin(home, entry)) continue
    if (!isUsableFolder(entry)) continue
    const folder = folderToBind(entry, home)
    if (isWithin(home, folder)) continue
    path.push(entry)
    if (!folders.some((known) => isWithin(folder, known))) folders.push(folder)
    // The programs in ~/.cargo/bin start the toolchain that lies in ~/.rustup.
    const rustup = join(home, '.rustup')
    if (entry === join(home, '.cargo/bin') && existsSync(rustup)) {
      if (!folders.includes(rustup)) folders.push(rustup)
      env['RUSTUP_HOME'] = rustup
    }
  }
  for (const entry of SYSTEM_PATH) if (!path.includes(entry)) path.push(entry)
  return { folders: folders.filter((folder) => !folders.some((other) => other !== folder && isWithin(folder, other))), path, env }
}

/** True when a user other than the owner can reach and read the path, so that it needs no staging for one. */
export function isWorldReadable(path: string): boolean {
  const real = realpathSync(path)
  for (let folder = dirname(real); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (folder === '/') break
  }
  const found = statSync(real)
  return (found.mode & (found.isDirectory() ? 0o005 : 0o004)) === (found.isDirectory() ? 0o005 : 0o004)
}
